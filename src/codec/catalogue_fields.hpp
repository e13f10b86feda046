#pragma once
// Reading one object of the catalogue field by field, collecting every fault. Private to the catalogue's reader.

#include <codec/provider_catalogue.hpp>

#include <array>
#include <utility>

namespace mds::codec {

using Problems = std::vector<CatalogueProblem>;

/// Asks an object for its fields; finish() then refuses every field that nobody asked for, with the nearest name.
class ObjectFields {
public:
    /// `json` may be nullptr (the object is not there): every field is then absent.
    ObjectFields(Json const* json, std::string path, Problems& problems);

    bool is_there() const noexcept { return json_ != nullptr; }
    Json const* find(std::string key);
    std::string path_of(std::string_view key) const { return path_ + "." + std::string(key); }
    void fault(std::string_view key, std::string message) { problems_.push_back({path_of(key), std::move(message)}); }
    Problems& problems() noexcept { return problems_; }

    /// The text, or empty with a fault where it is no string, or is missing and `required`.
    std::string text(std::string const& key, bool required = false);
    bool flag(std::string const& key);
    std::optional<std::int64_t> integer(std::string const& key, std::int64_t least, std::int64_t most);
    std::optional<Path> path(std::string const& key, bool required = false);
    /// A string, or an array of strings.
    std::vector<std::string> texts(std::string const& key);
    std::vector<std::pair<std::string, std::string>> pairs(std::string const& key);
    ObjectFields object(std::string const& key);

    /// One of the named values; `fallback` where it is missing, and also after a fault.
    template <class T, std::size_t N>
    T choice(std::string const& key, std::array<std::pair<std::string_view, T>, N> const& names, T fallback) {
        std::vector<std::string> known;
        auto const* json = find(key);
        if (json == nullptr) return fallback;
        for (auto const& [name, value] : names) {
            if (json->is_string() && json->text() == name) return value;
            known.emplace_back(name);
        }
        refuse_choice(key, *json, known);
        return fallback;
    }

    void finish();

private:
    void refuse_choice(std::string const& key, Json const& json, std::vector<std::string> const& known);

    Json const* json_;
    std::string path_;
    Problems& problems_;
    std::vector<std::string> asked_;
};

/// The rules and predicates of an entry (catalogue_rules.cpp).
Predicate read_predicate(ObjectFields fields);
std::vector<ErrorRule> read_rules(ObjectFields& parent, std::string const& key);
Outcome read_outcome(ObjectFields& fields, std::string const& key, Outcome fallback, bool required);

/// How an answer is read (catalogue_values.cpp). What is not given keeps what it had.
void read_shape(ObjectFields& fields, AnswerShape& shape);

/// How it is asked (catalogue_request.cpp).
RequestTemplate read_request(ObjectFields fields, std::vector<Secret> const& secrets);
std::vector<Secret> read_secrets(ObjectFields& fields, EnvironmentLookup const& environment);
SymbolSpelling read_spelling(ObjectFields fields);
bool names_pair(RequestTemplate const& request);
bool has_control(std::string_view text) noexcept;

/// How often it may be asked (catalogue_quota.cpp).
std::vector<QuotaWindow> read_quota(ObjectFields& fields);
std::optional<BudgetFields> read_budget(ObjectFields fields);
bool is_header_name(std::string_view text) noexcept;

/// The elements of an array field, each with its place; `fault` where it is no array.
std::vector<ObjectFields> objects_of(ObjectFields& parent, std::string const& key, std::string const& fault = "must be an array");

}  // namespace mds::codec

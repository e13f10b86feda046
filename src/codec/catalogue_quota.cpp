#include <codec/catalogue_fields.hpp>

#include <chrono>

namespace mds::codec {

namespace {

using std::chrono::seconds;

constexpr std::array<std::pair<std::string_view, seconds>, 5> spans{{{"second", seconds(1)},
                                                                     {"minute", seconds(60)},
                                                                     {"hour", seconds(3600)},
                                                                     {"day", seconds(86'400)},
                                                                     {"month", seconds(30 * 86'400)}}};

QuotaWindow read_window(ObjectFields& fields) {
    constexpr std::array<std::pair<std::string_view, bool>, 2> costs{{{"request", false}, {"symbol", true}}};
    QuotaWindow window;
    if (fields.find("limit") == nullptr) fields.fault("limit", "is missing");
    window.limit = static_cast<std::size_t>(fields.integer("limit", 1, 1'000'000'000).value_or(1));
    auto const* per = fields.find("per");
    if (per == nullptr)
        fields.fault("per", "is missing");
    else if (per->is_number())
        window.per = seconds(fields.integer("per", 1, 2'678'400).value_or(1));
    else
        window.per = fields.choice("per", spans, seconds(1));
    window.per_symbol = fields.choice("cost", costs, false);
    fields.finish();
    return window;
}

std::string read_field_name(ObjectFields& fields, std::string const& key, bool required) {
    auto name = fields.text(key, required);
    if (!name.empty() && !is_header_name(name)) fields.fault(key, "is no name of a header field");
    return name;
}

}  // namespace

std::vector<QuotaWindow> read_quota(ObjectFields& fields) {
    std::vector<QuotaWindow> windows;
    for (auto& one : objects_of(fields, "quota")) windows.push_back(read_window(one));
    return windows;
}

std::optional<BudgetFields> read_budget(ObjectFields fields) {
    constexpr std::array<std::pair<std::string_view, bool>, 2> counts{{{"remaining", false}, {"used", true}}};
    constexpr std::array<std::pair<std::string_view, bool>, 2> forms{{{"unix_s", false}, {"seconds", true}}};
    if (!fields.is_there()) return std::nullopt;
    BudgetFields budget;
    budget.field = read_field_name(fields, "field", true);
    budget.counts_used = fields.choice("counts", counts, false);
    budget.spent = fields.integer("spent", 0, 1'000'000'000).value_or(0);
    if (budget.counts_used && budget.spent == 0) fields.fault("spent", "must say how much may be used");
    budget.reset_field = read_field_name(fields, "reset_field", false);
    budget.reset_is_delay = fields.choice("reset_as", forms, false);
    budget.reset = seconds(fields.integer("reset", 1, 3600).value_or(60));
    fields.finish();
    return budget;
}

}  // namespace mds::codec

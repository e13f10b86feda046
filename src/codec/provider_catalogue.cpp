#include <codec/provider_catalogue.hpp>

#include <codec/catalogue_fields.hpp>
#include <codec/json_text.hpp>

#include <algorithm>
#include <map>

namespace mds::codec {

namespace {

/// RFC 7396. Values of `patch` go before those of `base`; null removes.
void append_merged(std::string& out, Json const& base, Json const& patch) {
    if (!base.is_object() || !patch.is_object()) return patch.append_to(out);
    char separator = '{';
    auto const key = [&](std::string const& name) {
        out += separator;
        separator = ',';
        append_json_string(out, name);
        out += ':';
    };
    for (std::size_t i = 0; i < base.keys().size(); ++i) {
        auto const* over = patch.find(base.keys()[i]);
        if (over != nullptr && over->is_null()) continue;
        key(base.keys()[i]);
        if (over == nullptr) base.items()[i].append_to(out);
        else append_merged(out, base.items()[i], *over);
    }
    for (std::size_t i = 0; i < patch.keys().size(); ++i) {
        if (base.find(patch.keys()[i]) != nullptr || patch.items()[i].is_null()) continue;
        key(patch.keys()[i]);
        patch.items()[i].append_to(out);
    }
    out += separator == '{' ? "{}" : "}";
}

JsonLimits catalogue_limits() {
    JsonLimits limits;
    limits.max_bytes = 4 * 1024 * 1024;
    limits.duplicates = DuplicateKeys::refuse;
    limits.comments = true;
    return limits;
}

Json const* entry_in(Json const& document, std::string const& name) {
    auto const* providers = document.find("providers");
    return providers == nullptr ? nullptr : providers->find(name);
}

/// A patch that takes the shipped quotas from entries that are sent to another host: they are that of the provider's own. One that a
/// text of the user's gives holds wherever it is sent.
std::string without_foreign_quotas(Json const& shipped, Json const& all, JsonLimits const& limits) {
    std::string patch;
    auto const* providers = shipped.find("providers");
    for (auto const& name : providers == nullptr ? std::span<std::string const>() : providers->keys()) {
        auto const* before = entry_in(shipped, name);
        auto const* now = entry_in(all, name);
        if (now == nullptr) continue;
        auto const differs = [&](std::string_view key) {
            auto const *a = before->find(key), *b = now->find(key);
            return a != nullptr && b != nullptr && a->to_string() != b->to_string();
        };
        if (!differs("base_url") || differs("quota")) continue;
        patch += patch.empty() ? R"({"providers":{)" : ",";
        append_json_string(patch, name);
        patch += R"(:{"quota":null})";
    }
    if (patch.empty()) return all.to_string();
    std::string out;
    append_merged(out, all, *Json::parse(patch + "}}", limits));
    return out;
}

Json merged(std::span<CatalogueText const> texts, Problems& problems) {
    auto const limits = catalogue_limits();
    Json all = *Json::parse("{}");
    Json shipped;
    for (auto const& [origin, text] : texts) {
        auto const one = Json::parse(text, limits);
        if (!one || !one->is_object()) {
            problems.push_back({origin, one ? "must be an object" : one.error().message});
            continue;
        }
        std::string both;
        append_merged(both, all, *one);
        if (auto sum = Json::parse(both, limits)) all = std::move(*sum);
        else problems.push_back({origin, sum.error().message});
        if (&origin == &texts.front().origin) shipped = all;
    }
    auto result = Json::parse(without_foreign_quotas(shipped, all, limits), limits);
    return result ? std::move(*result) : all;
}

std::optional<BatchForm> read_batch(ObjectFields fields, ProviderEntry const& entry) {
    constexpr std::array<std::pair<std::string_view, SamePart>, 2> sames{{{"base", SamePart::base}, {"quote", SamePart::quote}}};
    if (!fields.is_there()) return std::nullopt;
    BatchForm batch;
    batch.request = entry.request;
    batch.answer = entry.answer;
    if (fields.find("max") == nullptr) fields.fault("max", "is missing");
    batch.max = static_cast<std::size_t>(fields.integer("max", 1, 1000).value_or(1));
    if (fields.find("join") != nullptr) batch.joiner = fields.text("join");
    if (batch.joiner == "json_array") batch.join = BatchJoin::json_array;
    if (auto request = fields.object("request"); request.is_there()) batch.request = read_request(std::move(request), entry.secrets);
    batch.same = fields.choice("same", sames, SamePart::none);
    read_shape(fields, batch.answer);
    if (!batch.answer.tells_apart()) fields.fault("row.path", "must tell the symbols apart, with {symbol}, {base} or {quote}");
    fields.finish();
    return batch;
}

/// Shapes of other end points. Without an envelope of its own, nothing would tell such a shape from an error.
std::vector<AnswerShape> read_also(ObjectFields& fields, AnswerShape const& main) {
    std::vector<AnswerShape> shapes;
    for (auto& one : objects_of(fields, "also")) {
        AnswerShape shape = main;
        shape.success.reset();
        read_shape(one, shape);
        if (!shape.success) one.fault("success", "is missing: it tells this shape from the others");
        one.finish();
        shapes.push_back(std::move(shape));
    }
    return shapes;
}

std::string read_base_url(ObjectFields& fields) {
    auto const url = fields.text("base_url", true);
    auto const host = url.starts_with("https://") ? url.substr(8) : url.starts_with("http://") ? url.substr(7) : std::string();
    if (!url.empty() && (host.empty() || host.front() == '/' || host.back() == '/' || host.find_first_of(" ?#@{") != std::string::npos ||
                         has_control(host))) {
        fields.fault("base_url", "must be http:// or https://, a host, and neither a query nor a slash at the end");
    }
    return url;
}

ProviderEntry read_entry(std::string name, ObjectFields fields, EnvironmentLookup const& environment) {
    ProviderEntry entry;
    entry.name = std::move(name);
    if (!is_provider_name(entry.name)) fields.problems().push_back({"providers." + entry.name, "a name is 1-64 of a-z, 0-9, '_' and '-'"});
    entry.aliases = fields.texts("aliases");
    entry.base_url = read_base_url(fields);
    entry.secrets = read_secrets(fields, environment);
    entry.spelling = read_spelling(fields.object("symbol"));
    auto request = fields.object("request");
    if (request.is_there()) entry.request = read_request(std::move(request), entry.secrets);
    else fields.fault("request", "is missing");
    read_shape(fields, entry.answer);
    if (fields.find("values") == nullptr) fields.fault("values", "is missing");
    entry.also = read_also(fields, entry.answer);
    entry.csv_columns = fields.texts("csv");
    entry.errors = read_rules(fields, "errors");
    entry.zero_means_unknown = fields.flag("zero_means_unknown");
    entry.quota = read_quota(fields);
    entry.budget = read_budget(fields.object("budget"));
    if (auto const wait = fields.integer("back_off", 1, 3600)) entry.back_off = std::chrono::seconds(*wait);
    entry.batch = read_batch(fields.object("batch"), entry);
    entry.spelling.pairs_only = names_pair(entry.request) || (entry.batch && names_pair(entry.batch->request));
    fields.finish();
    return entry;
}

void check_names(std::vector<ProviderEntry> const& entries, Problems& problems) {
    std::map<std::string, std::string> owners{{"simulated", "the built-in provider"}};
    auto const claim = [&](std::string const& name, std::string const& owner, std::string const& path) {
        auto const [at, fresh] = owners.emplace(name, owner);
        if (!fresh) problems.push_back({path, "'" + name + "' is taken by " + at->second});
    };
    for (auto const& entry : entries) claim(entry.name, entry.name, "providers." + entry.name);
    for (auto const& entry : entries) {
        for (auto const& alias : entry.aliases) {
            claim(alias, entry.name, "providers." + entry.name + ".aliases");
            if (!is_provider_name(alias)) problems.push_back({"providers." + entry.name + ".aliases", "'" + alias + "' is no name"});
        }
    }
}

}  // namespace

CatalogueResult read_catalogue(std::span<CatalogueText const> texts, EnvironmentLookup const& environment) {
    Problems problems;
    Json const document = merged(texts, problems);
    Catalogue catalogue;
    ObjectFields top(&document, "catalogue", problems);
    auto const* providers = top.find("providers");
    top.finish();
    if (providers != nullptr && !providers->is_object()) problems.push_back({"providers", "must be an object"});
    for (std::size_t i = 0; providers != nullptr && i < providers->keys().size(); ++i) {
        auto const& name = providers->keys()[i];
        catalogue.providers.push_back(read_entry(name, ObjectFields(&providers->items()[i], "providers." + name, problems), environment));
    }
    std::sort(catalogue.providers.begin(), catalogue.providers.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    check_names(catalogue.providers, problems);
    if (!problems.empty()) return problems;
    return catalogue;
}

}  // namespace mds::codec

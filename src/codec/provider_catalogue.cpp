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

Json merged(std::span<CatalogueText const> texts, Problems& problems) {
    auto const limits = catalogue_limits();
    Json all = *Json::parse("{}");
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
    }
    return all;
}

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_header_name(std::string_view text) noexcept {
    constexpr std::string_view allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

/// Every "{...}" of a request must be something that make_request() fills in.
void check_placeholders(ObjectFields& fields, std::string const& key, std::string_view text, std::vector<Secret> const& secrets) {
    constexpr std::array<std::string_view, 6> known{"symbol", "base", "quote", "symbols", "bases", "quotes"};
    for (auto open = text.find('{'); open != text.npos; open = text.find('{')) {
        auto const close = text.find('}', open);
        if (close == text.npos) return fields.fault(key, "has a '{' without its '}'");
        auto const name = text.substr(open + 1, close - open - 1);
        bool const is_secret = std::any_of(secrets.begin(), secrets.end(), [&](auto const& s) { return "secret." + s.name == name; });
        if (!is_secret && std::find(known.begin(), known.end(), name) == known.end()) {
            fields.fault(key, "'{" + std::string(name) + "}' is neither a part of the symbol nor one of the entry's secrets");
        }
        text.remove_prefix(close + 1);
    }
}

RequestTemplate read_request(ObjectFields fields, std::vector<Secret> const& secrets) {
    RequestTemplate request;
    request.path = fields.text("path", true);
    request.query = fields.pairs("query");
    request.headers = fields.pairs("headers");
    if (!request.path.empty() && !request.path.starts_with('/')) fields.fault("path", "must begin with '/'");
    if (has_control(request.path) || request.path.find_first_of(" ?#") != std::string::npos) {
        fields.fault("path", "must hold neither blanks nor '?' nor '#'; parameters belong into query");
    }
    check_placeholders(fields, "path", request.path, secrets);
    for (auto const& [name, value] : request.query) check_placeholders(fields, "query." + name, value, secrets);
    for (auto const& [name, value] : request.headers) {
        if (!is_header_name(name) || has_control(value)) fields.fault("headers." + name, "is no header field");
        check_placeholders(fields, "headers." + name, value, secrets);
    }
    fields.finish();
    return request;
}

constexpr std::array<std::pair<std::string_view, JsonShape>, 5> shapes{{{"any", JsonShape::any},
                                                                       {"object", JsonShape::object},
                                                                       {"array", JsonShape::array},
                                                                       {"string", JsonShape::string},
                                                                       {"number", JsonShape::number}}};

/// Where `success` or `row` is not given, `shape` keeps what it had.
void read_shape(ObjectFields& fields, AnswerShape& shape) {
    if (auto success = fields.object("success"); success.is_there()) {
        Envelope envelope;
        envelope.path = success.path("path", true).value_or(Path());
        envelope.shape = success.choice("type", shapes, JsonShape::any);
        success.finish();
        shape.success = std::move(envelope);
    }
    if (auto row = fields.object("row"); row.is_there()) {
        shape.row = row.path("path", true).value_or(Path());
        shape.row_absent = read_outcome(row, "absent", Outcome::malformed, false);
        row.finish();
    }
}

std::vector<Secret> read_secrets(ObjectFields& fields, EnvironmentLookup const& environment) {
    std::vector<Secret> secrets;
    for (auto const& [name, reference] : fields.pairs("secrets")) {
        bool const is_reference = reference.size() > 3 && reference.starts_with("${") && reference.ends_with('}');
        if (!is_reference) {
            fields.fault("secrets." + name, "must name an environment variable, as in \"${MY_API_KEY}\": no key stands in a file");
            continue;
        }
        auto variable = reference.substr(2, reference.size() - 3);
        auto value = environment ? environment(variable) : std::nullopt;
        if (value && value->empty()) value.reset();
        if (value && has_control(*value)) fields.fault("secrets." + name, variable + " holds a line break or the like");
        secrets.push_back(Secret{name, std::move(variable), std::move(value)});
    }
    return secrets;
}

SymbolSpelling read_spelling(ObjectFields fields) {
    constexpr std::array<std::pair<std::string_view, LetterCase>, 3> cases{
        {{"keep", LetterCase::keep}, {"upper", LetterCase::upper}, {"lower", LetterCase::lower}}};
    constexpr std::array<std::pair<std::string_view, bool>, 2> matches{{{"exact", false}, {"ignore_case", true}}};
    SymbolSpelling spelling;
    spelling.separators = fields.text("split");
    spelling.split_at = static_cast<std::size_t>(fields.integer("split_at", 1, 16).value_or(0));
    spelling.letters = fields.choice("letters", cases, LetterCase::keep);
    spelling.match_ignores_case = fields.choice("match", matches, false);
    spelling.replace = fields.pairs("replace");
    for (auto const& [from, to] : spelling.replace) {
        if (from.empty()) fields.fault("replace", "an empty text cannot be replaced");
    }
    spelling.prefix = fields.text("prefix");
    spelling.suffix = fields.text("suffix");
    if (auto const format = fields.text("format"); !format.empty()) {
        spelling.format = Template::parse(format);
        if (!spelling.format) fields.fault("format", "may hold {symbol}, {base} and {quote}");
    }
    for (auto const& [ours, theirs] : fields.pairs("table")) {
        if (theirs.empty()) fields.fault("table." + ours, "must not be empty");
        spelling.table.emplace(ours, theirs);
    }
    fields.finish();
    return spelling;
}

std::optional<BatchForm> read_batch(ObjectFields fields, ProviderEntry const& entry) {
    if (!fields.is_there()) return std::nullopt;
    BatchForm batch;
    batch.request = entry.request;
    batch.answer = entry.answer;
    if (fields.find("max") == nullptr) fields.fault("max", "is missing");
    batch.max = static_cast<std::size_t>(fields.integer("max", 1, 1000).value_or(1));
    if (fields.find("join") != nullptr) batch.joiner = fields.text("join");
    if (batch.joiner == "json_array") batch.join = BatchJoin::json_array;
    if (auto request = fields.object("request"); request.is_there()) batch.request = read_request(std::move(request), entry.secrets);
    read_shape(fields, batch.answer);
    auto const is_general = [](Path const& path) { return path.text().find('{') == std::string::npos; };
    if (is_general(batch.answer.row) &&
        std::any_of(entry.values.begin(), entry.values.end(), [&](ValueGroup const& group) { return is_general(group.price); })) {
        fields.fault("row.path", "must tell the symbols apart, with {symbol}, {base} or {quote}");
    }
    fields.finish();
    return batch;
}

bool names_pair(RequestTemplate const& request) {
    auto const names = [](std::string_view text) {
        return text.find("{base}") != text.npos || text.find("{bases}") != text.npos || text.find("{quote}") != text.npos ||
               text.find("{quotes}") != text.npos;
    };
    auto const value_names = [&](auto const& field) { return names(field.second); };
    return names(request.path) || std::any_of(request.query.begin(), request.query.end(), value_names) ||
           std::any_of(request.headers.begin(), request.headers.end(), value_names);
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
    entry.errors = read_rules(fields, "errors");
    entry.row_errors = read_rules(fields, "row_errors");
    read_values_of(fields, entry);
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

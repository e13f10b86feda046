#include <codec/catalogue_fields.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

/// Every "{...}" of a request must be something that make_request() fills in.
void check_placeholders(ObjectFields& fields, std::string const& key, std::string_view text, std::vector<Secret> const& secrets) {
    constexpr std::array<std::string_view, 6> known{"symbol", "base", "quote", "symbols", "bases", "quotes"};
    for (auto open = text.find('{'); open != text.npos; open = text.find('{')) {
        auto const close = text.find('}', open);
        if (close == text.npos) return fields.fault(key, "has a '{' without its '}'");
        auto const name = text.substr(open + 1, close - open - 1);
        bool const is_secret =
            std::any_of(secrets.begin(), secrets.end(), [&](auto const& s) { return "secret." + s.name == name; });
        if (!is_secret && std::find(known.begin(), known.end(), name) == known.end()) {
            fields.fault(key, "'{" + std::string(name) + "}' is neither a part of the symbol nor one of the entry's secrets");
        }
        text.remove_prefix(close + 1);
    }
}

std::map<std::string, std::string, std::less<>> read_names(ObjectFields& fields, std::string const& key) {
    std::map<std::string, std::string, std::less<>> names;
    for (auto const& [ours, theirs] : fields.pairs(key)) {
        if (theirs.empty()) fields.fault(key + "." + ours, "must not be empty");
        names.emplace(ours, theirs);
    }
    return names;
}

}  // namespace

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_header_name(std::string_view text) noexcept {
    constexpr std::string_view allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return !text.empty() && text.find_first_not_of(allowed) == text.npos;
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
    spelling.default_quote = fields.text("quote");
    spelling.table = read_names(fields, "table");
    spelling.parts = read_names(fields, "parts");
    fields.finish();
    return spelling;
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

}  // namespace mds::codec

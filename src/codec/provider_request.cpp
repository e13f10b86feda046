#include <codec/provider_request.hpp>

#include <codec/json_text.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

constexpr std::string_view stars = "***";

bool is_unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string encoded(std::string_view text, std::string_view digits) {
    std::string out;
    for (char const c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

/// As some JSON writers do beyond need.
std::string escaped(std::string text, std::initializer_list<std::pair<std::string_view, std::string_view>> escapes) {
    for (auto const& [from, to] : escapes) replace_all(text, from, to);
    return text;
}

/// What stands for each placeholder.
using Values = std::vector<std::pair<std::string, std::string>>;

/// nullopt where a placeholder has nothing to stand for it: {base} of something that is no pair.
std::optional<std::string> filled(std::string_view text, Values const& values, bool encode) {
    std::string out;
    while (!text.empty()) {
        auto const open = text.find('{');
        out += text.substr(0, open);
        if (open == text.npos) break;
        auto const close = text.find('}', open);
        auto const name = text.substr(open + 1, close - open - 1);
        auto const found = std::find_if(values.begin(), values.end(), [&](auto const& value) { return value.first == name; });
        if (found == values.end() || found->second.empty()) return std::nullopt;
        out += encode ? percent_encoded(found->second) : found->second;
        text.remove_prefix(close == text.npos ? text.size() : close + 1);
    }
    return out;
}

/// Each once: many pairs may have one quote.
std::string joined(std::vector<SpelledSymbol> const& symbols, std::string SpelledSymbol::*part, BatchForm const* batch) {
    bool const array = batch != nullptr && batch->join == BatchJoin::json_array;
    std::string out = array ? "[" : "";
    for (auto at = symbols.begin(); at != symbols.end(); ++at) {
        auto const same = [&](SpelledSymbol const& other) { return other.*part == (*at).*part; };
        if (std::any_of(symbols.begin(), at, same)) continue;
        if (at != symbols.begin()) out += array ? "," : batch == nullptr ? "," : batch->joiner;
        if (array) append_json_string(out, (*at).*part);
        else out += (*at).*part;
    }
    return array ? out + "]" : out;
}

Values placeholder_values(ProviderEntry const& entry, std::vector<SpelledSymbol> const& symbols, BatchForm const* batch) {
    Values values{{"symbol", symbols.front().symbol}, {"base", symbols.front().base}, {"quote", symbols.front().quote},
                  {"symbols", joined(symbols, &SpelledSymbol::symbol, batch)},
                  {"bases", joined(symbols, &SpelledSymbol::base, batch)},
                  {"quotes", joined(symbols, &SpelledSymbol::quote, batch)}};
    for (auto const& secret : entry.secrets) values.emplace_back("secret." + secret.name, secret.value.value_or(""));
    return values;
}

}  // namespace

std::string ProviderEntry::missing_secret() const {
    for (auto const& secret : secrets) {
        if (!secret.value) return secret.variable;
    }
    return {};
}

std::string percent_encoded(std::string_view text) { return encoded(text, "0123456789ABCDEF"); }

std::optional<ProviderRequest> make_request(ProviderEntry const& entry, std::span<Symbol const> symbols) {
    std::vector<SpelledSymbol> spelled;
    for (auto const& symbol : symbols) {
        auto spelling = entry.spelling.spell(symbol);
        if (!spelling) return std::nullopt;
        spelled.push_back(std::move(*spelling));
    }
    auto const* batch = symbols.size() > 1 && entry.batch ? &*entry.batch : nullptr;
    auto const& form = batch == nullptr ? entry.request : batch->request;
    auto const values = placeholder_values(entry, spelled, batch);
    auto const path = filled(form.path, values, true);
    if (!path) return std::nullopt;
    ProviderRequest request{entry.base_url + *path, {}};
    char separator = '?';
    for (auto const& [name, text] : form.query) {
        auto const value = filled(text, values, true);
        if (!value) return std::nullopt;
        request.url += separator + percent_encoded(name) + "=" + *value;
        separator = '&';
    }
    for (auto const& [name, text] : form.headers) {
        auto const value = filled(text, values, false);
        if (!value) return std::nullopt;
        request.headers.emplace_back(name, *value);
    }
    return request;
}

SecretMask::SecretMask(std::span<Secret const> secrets) {
    for (auto const& secret : secrets) {
        if (!secret.value || secret.value->empty()) continue;
        std::string quoted;
        append_json_string(quoted, *secret.value);
        auto const in_json = quoted.substr(1, quoted.size() - 2);
        for (auto needle : {*secret.value, percent_encoded(*secret.value), encoded(*secret.value, "0123456789abcdef"), in_json,
                            escaped(in_json, {{"/", "\\/"}}),
                            escaped(in_json, {{"&", "\\u0026"}, {"<", "\\u003c"}, {">", "\\u003e"}, {"+", "\\u002b"}})}) {
            if (std::find(needles_.begin(), needles_.end(), needle) == needles_.end()) needles_.push_back(std::move(needle));
        }
    }
    std::sort(needles_.begin(), needles_.end(), [](auto const& a, auto const& b) { return a.size() > b.size(); });
}

std::string SecretMask::masked(std::string_view text) const {
    std::string out(text);
    for (auto const& needle : needles_) replace_all(out, needle, stars);
    return out;
}

std::string SecretMask::masked_cut(std::string_view text) const {
    std::string out = masked(text);
    for (auto const& needle : needles_) {
        for (std::size_t size = std::min(needle.size() - 1, out.size()); size > 0; --size) {
            if (!out.ends_with(std::string_view(needle).substr(0, size))) continue;
            out.replace(out.size() - size, size, stars);
            return out;
        }
    }
    return out;
}

}  // namespace mds::codec

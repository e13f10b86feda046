#include <codec/provider_path.hpp>

#include <codec/provider_predicate.hpp>

#include <charconv>

namespace mds::codec {

namespace {

/// RFC 6901: "~1" is '/', "~0" is '~'. nullopt for any other use of '~'.
std::optional<std::string> unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            out += token[i];
            continue;
        }
        if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
        out += token[i] == '0' ? '~' : '/';
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto const at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == text.npos) return parts;
        text.remove_prefix(at + 1);
    }
}

Json const* element(Json const& array, std::string_view index) noexcept {
    bool const from_end = index.starts_with('-');
    if (from_end) index.remove_prefix(1);
    std::size_t n = 0;
    auto const [end, error] = std::from_chars(index.data(), index.data() + index.size(), n);
    if (error != std::errc() || end != index.data() + index.size()) return nullptr;
    auto const items = array.items();
    if (from_end) return n >= 1 && n <= items.size() ? &items[items.size() - n] : nullptr;
    return n < items.size() ? &items[n] : nullptr;
}

Json const* descend(Json const& from, std::vector<std::string> const& keys) noexcept {
    Json const* at = &from;
    for (auto const& key : keys) {
        at = at->is_array() ? element(*at, key) : at->find(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

/// The element whose field has this text, the last one where `last`; nullptr where none or, otherwise, several do.
Json const* match_in(Json const& array, std::vector<std::string> const& field, std::string_view wanted, bool ignore_case, bool last) {
    Json const* found = nullptr;
    for (auto const& item : array.items()) {
        auto const* value = descend(item, field);
        auto const text = value == nullptr ? std::nullopt : scalar_text(*value);
        if (!text || !(ignore_case ? equal_ignoring_case(*text, wanted) : *text == wanted)) continue;
        if (found != nullptr && !last) return nullptr;
        found = &item;
    }
    return found;
}

}  // namespace

std::optional<std::vector<Path::Step>> Path::parse_segment(std::string_view segment) {
    std::vector<Step> steps;
    std::string_view match;
    if (segment.ends_with(']')) {
        auto const open = segment.find('[');
        if (open == segment.npos) return std::nullopt;
        match = segment.substr(open + 1, segment.size() - open - 2);
        segment = segment.substr(0, open);
    }
    if (segment == "*") {
        steps.push_back({Step::Kind::only, {}, {}, false});
    } else if (!segment.empty() || match.empty()) {
        auto const key = unescaped(segment);
        auto text = key ? Template::parse(*key) : std::nullopt;
        if (!text) return std::nullopt;
        steps.push_back({Step::Kind::key, std::move(*text), {}, false});
    }
    if (match.empty()) return steps;
    constexpr std::string_view last = ",last";
    bool const takes_last = match.ends_with(last);
    if (takes_last) match.remove_suffix(last.size());
    auto const equals = match.find('=');
    auto value = equals == match.npos ? std::nullopt : Template::parse(match.substr(equals + 1));
    if (!value || equals == 0) return std::nullopt;
    Step step{Step::Kind::match, std::move(*value), {}, takes_last};
    for (auto const field : split(match.substr(0, equals), '.')) step.field.emplace_back(field);
    steps.push_back(std::move(step));
    return steps;
}

std::optional<Path> Path::parse(std::string_view text) {
    Path path;
    path.text_ = text;
    if (text.empty()) return path;
    if (text.front() != '/') return std::nullopt;
    for (auto const segment : split(text.substr(1), '/')) {
        auto steps = parse_segment(segment);
        if (!steps) return std::nullopt;
        for (auto& step : *steps) path.steps_.push_back(std::move(step));
    }
    return path;
}

Json const* Path::find(Json const& root, SpelledSymbol const& symbol, bool ignore_case) const {
    Json const* at = &root;
    for (auto const& step : steps_) {
        if (step.kind == Step::Kind::only) {
            at = at->items().size() == 1 ? &at->items()[0] : nullptr;
        } else {
            auto const text = step.key.fill(symbol);
            if (!text) return nullptr;
            if (step.kind == Step::Kind::match) at = match_in(*at, step.field, *text, ignore_case, step.last);
            else at = at->is_array() ? element(*at, *text) : at->find(*text);
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

}  // namespace mds::codec

#include <codec/csv_document.hpp>

#include <codec/json_text.hpp>

#include <algorithm>
#include <vector>

namespace mds::codec {

namespace {

/// Takes one line's cells off `text`. nullopt: a quote without its end, or text behind it.
std::optional<std::vector<std::string>> take_line(std::string_view& text) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    while (!text.empty()) {
        char const c = text.front();
        text.remove_prefix(1);
        if (quoted && c != '"') {
            cells.back() += c;
        } else if (quoted && text.starts_with('"')) {
            cells.back() += c;
            text.remove_prefix(1);
        } else if (quoted) {
            quoted = false;
            if (!text.empty() && text.find_first_of(",\r\n") != 0) return std::nullopt;
        } else if (c == ',') {
            cells.emplace_back();
        } else if (c == '"' && cells.back().empty()) {
            quoted = true;
        } else if (c == '\n') {
            return cells;
        } else if (c != '\r' || !text.starts_with('\n')) {
            cells.back() += c;
        }
    }
    return quoted ? std::nullopt : std::optional(std::move(cells));
}

bool is_header(std::vector<std::string> const& header, std::span<std::string const> columns) {
    auto sorted = header;
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
           std::all_of(columns.begin(), columns.end(),
                       [&](auto const& column) { return std::binary_search(sorted.begin(), sorted.end(), column); });
}

void append_row(std::string& out, std::vector<std::string> const& header, std::vector<std::string> const& cells) {
    out += out.size() > 1 ? ",{" : "{";
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, header[i]);
        out += ':';
        append_json_string(out, cells[i]);
    }
    out += '}';
}

}  // namespace

std::optional<Json> parse_csv(std::string_view text, std::span<std::string const> columns) {
    if (constexpr std::string_view mark = "\xEF\xBB\xBF"; text.starts_with(mark)) text.remove_prefix(mark.size());
    auto const header = take_line(text);
    if (!header || !is_header(*header, columns)) return std::nullopt;
    std::string rows = "[";
    while (!text.empty()) {
        auto const cells = take_line(text);
        if (!cells) return std::nullopt;
        if (cells->size() == 1 && cells->front().empty()) continue;  // an empty line
        if (cells->size() != header->size()) return std::nullopt;
        append_row(rows, *header, *cells);
    }
    rows += ']';
    JsonLimits limits;
    limits.max_bytes = rows.size();
    auto document = Json::parse(rows, limits);
    return document ? std::optional(std::move(*document)) : std::nullopt;
}

}  // namespace mds::codec

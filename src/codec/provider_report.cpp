#include <codec/provider_report.hpp>

#include <codec/json_text.hpp>
#include <codec/provider_request.hpp>

namespace mds::codec {

namespace {

void append_text(std::string& out, std::string_view key, std::string_view text) {
    out += key;
    append_json_string(out, text);
}

/// A provider's text of a number; null where it is none.
void append_number(std::string& out, std::string_view text) {
    auto const value = Json::parse(text);
    if (value && value->is_number())
        out += text;
    else
        out += "null";
}

void append_quote(std::string& out, Quote const& quote) {
    out += R"("ok","price":)" + quote.price.to_string();
    append_text(out, R"(,"timestamp":)", format_rfc3339(quote.timestamp));
    out += quote.time_source == TimeSource::receive ? R"(,"time_source":"receive")" : R"(,"time_source":"quote")";
    out += R"(,"volume":)";
    append_number(out, quote.volume);
}

void append_request(std::string& out, ProviderEntry const* entry, std::span<SymbolResult const> results) {
    std::vector<Symbol> asked;
    for (auto const& result : results) {
        if (entry != nullptr && entry->spelling.spell(result.symbol)) asked.push_back(result.symbol);
    }
    auto const request = asked.empty() ? std::nullopt : make_request(*entry, asked);
    if (!request) {
        out += "null";
        return;
    }
    SecretMask const mask(entry->secrets);
    append_text(out, R"({"method":"GET","url":)", mask.masked(request->url));
    out += R"(,"headers":{)";
    for (auto const& [name, value] : request->headers) {
        if (out.back() != '{') out += ',';
        append_json_string(out, name);
        append_text(out, ":", mask.masked(value));
    }
    out += "}}";
}

/// A body may be anything, JSON is UTF-8.
void append_body(std::string& out, std::string const& body) {
    std::string quoted;
    append_json_string(quoted, body);
    JsonLimits limits;
    limits.max_bytes = quoted.size();
    out += R"(,"body":)";
    if (Json::parse(quoted, limits))
        out += quoted;
    else
        append_json_string(out, "(" + std::to_string(body.size()) + " bytes that are no text)");
}

void append_answer(std::string& out, std::optional<RawAnswer> const& answer) {
    if (!answer) {
        out += R"("status":null,"content_type":null,"body":null,"truncated":false)";
        return;
    }
    out += R"("status":)" + (answer->http_status ? std::to_string(*answer->http_status) : "null");
    append_text(out, R"(,"content_type":)", answer->content_type);
    append_body(out, answer->body);
    out += answer->truncated ? R"(,"truncated":true)" : R"(,"truncated":false)";
}

}  // namespace

void append_verdict(std::string& out, std::string_view symbol, std::variant<Quote, Reject> const& verdict) {
    append_text(out, R"({"symbol":)", symbol);
    out += R"(,"outcome":)";
    if (auto const* quote = std::get_if<Quote>(&verdict)) {
        append_quote(out, *quote);
    } else {
        append_json_string(out, to_string(std::get<Reject>(verdict).outcome));
        out += R"(,"price":null,"timestamp":null,"time_source":null,"volume":null)";
    }
    out += '}';
}

void append_trial(std::string& out, std::string_view provider, ProviderEntry const* entry, Trial const& trial) {
    append_text(out, R"({"provider":)", provider);
    out += R"(,"request":)";
    append_request(out, entry, trial.results);
    out += ',';
    append_answer(out, trial.answer);
    out += R"(,"duration_ms":)" + std::to_string(trial.duration.count() / 1000) + R"(,"results":[)";
    for (auto const& result : trial.results) {
        if (out.back() != '[') out += ',';
        append_verdict(out, result.symbol.str(), result.result);
        if (auto const* reject = result.reject()) {
            out.pop_back();
            append_text(out, R"(,"reason":)", reject->reason);
            out += '}';
        }
    }
    out += "]}";
}

}  // namespace mds::codec

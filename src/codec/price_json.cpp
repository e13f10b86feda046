#include "codec/price_json.hpp"

#include "codec/json_text.hpp"

namespace mds::codec {

void append_latest_body(std::string& out, PricePoint const& point) {
    out += R"({"symbol":)";
    append_json_string(out, point.series.symbol.str());
    out += R"(,"price":)";
    point.price.append_to(out);
    out += R"(,"timestamp":")";
    append_rfc3339(out, point.timestamp);
    out += R"(","provider":)";
    append_json_string(out, point.series.provider);
    out += '}';
}

}  // namespace mds::codec

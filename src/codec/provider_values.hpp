#pragma once
// A symbol's row -> price, time, volume and currency. Private to the judge.

#include <codec/provider_judge.hpp>

namespace mds::codec {

Verdict read_values(ProviderEntry const& entry, AnswerShape const& shape, AnswerView const& answer, Json const& row,
                    SpelledSymbol const& symbol, UtcTime received_at);

}  // namespace mds::codec

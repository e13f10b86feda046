#pragma once
// Which of librdkafka's properties are ours to decide, and what of the user's goes against them.

#include "adapters/kafka/options.hpp"

#include <librdkafka/rdkafka.h>

#include <string>
#include <utility>
#include <vector>

namespace mds::kafka {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// What a client of this kind is set to: our defaults, the user's properties above them, and on top what nobody may change.
Properties effective(rd_kafka_type_t type, Options const& options);

/// Why a user's property is refused: no event may be lost, and what has a key of its own stands there. Empty: it is not.
std::string objection(std::string const& name, std::string const& value);

struct PropertyFault {
    std::string name;  ///< empty: not one alone
    std::string why;
};

/// All that is wrong with the user's properties, by our rules and by librdkafka's own. Asks no broker.
std::vector<PropertyFault> faults(Options const& options);

/// What the linked librdkafka is known not to do with these properties; one line each, for the log.
std::vector<std::string> warnings(Options const& options);

}  // namespace mds::kafka

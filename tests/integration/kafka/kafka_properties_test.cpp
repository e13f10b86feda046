#include "adapters/kafka/properties.hpp"

#include "support/catch.hpp"

#include <string>

using namespace mds;

namespace {

/// What the client ends up with: of several settings of one name librdkafka takes the last.
std::string setting(kafka::Options const& options, std::string const& name) {
    std::string found;
    for (auto const& [key, value] : kafka::effective(RD_KAFKA_CONSUMER, options))
        if (key == name) found = value;
    return found;
}

}  // namespace

TEST_CASE("a consumer that cannot go on leaves its group soon, but no sooner than its session ends") {
    kafka::Options options;
    options.brokers = "127.0.0.1:9";
    options.group = "averages";
    CHECK(setting(options, "max.poll.interval.ms") == "15000");
    options.properties["session.timeout.ms"] = "6000";
    CHECK(setting(options, "max.poll.interval.ms") == "15000");
    options.properties["session.timeout.ms"] = "45000";
    CHECK(setting(options, "max.poll.interval.ms") == "45000");
    CHECK(kafka::faults(options).empty());
    options.properties["max.poll.interval.ms"] = "60000";
    CHECK(setting(options, "max.poll.interval.ms") == "60000");
}

#include "app/config_load.hpp"
#include "app/open_bus.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace mds::app;

namespace {

std::string const on_servers =
    R"("store": {"kind": "postgresql", "url": "postgresql://db/prices"}, "bus": {"kind": "kafka", "kafka": {"brokers": "b:9092")";

LoadedConfig with(std::string const& text, Environment environment = {}) {
    ConfigSources sources;
    sources.file = ConfigSources::File{"mds.json", text};
    sources.environment = std::move(environment);
    return load_config(sources);
}

/// Everything that check-config says of it.
std::string said(LoadedConfig const& loaded) {
    std::string all;
    for (auto const& error : loaded.errors) all += to_string(error) + "\n";
    for (auto const& error : check_bus(loaded)) all += to_string(error) + "\n";
    return all;
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

bool const built_with_kafka = bus_library() != "built without Kafka";

}  // namespace

TEST_CASE("the keys of the bus are read") {
    auto const loaded = with("{" + on_servers + R"(, "topic": "prices", "dead_letter_topic": "dead", "partitions": 3,
        "replication_factor": 2, "group": "g", "properties": {"linger.ms": 5, "security.protocol": "SASL_SSL", "check.crcs": true}}}})");
    CHECK(loaded.errors.empty());
    auto const& kafka = loaded.config.bus.kafka;
    CHECK(loaded.config.bus.kind == BusKind::kafka);
    CHECK(kafka.brokers == "b:9092");
    CHECK(kafka.topic == "prices");
    CHECK(kafka.dead_letter_topic == "dead");
    CHECK(kafka.partitions == 3);
    CHECK(kafka.replication_factor == 2);
    CHECK(kafka.group == "g");
    CHECK(kafka.properties ==
          std::map<std::string, std::string>{{"linger.ms", "5"}, {"security.protocol", "SASL_SSL"}, {"check.crcs", "true"}});
}

TEST_CASE("a property can be given by flag and by environment, dots and all") {
    ConfigSources sources;
    sources.flags.push_back({"bus.kafka.properties.linger.ms", "7", "flag"});
    sources.environment["MDS_BUS__KAFKA__PROPERTIES__SASL__PASSWORD"] = "hunter2";
    auto const loaded = load_config(sources);
    CHECK(loaded.errors.empty());
    CHECK(loaded.config.bus.kafka.properties.at("linger.ms") == "7");
    CHECK(loaded.config.bus.kafka.properties.at("sasl.password") == "hunter2");
}

TEST_CASE("secrets among the properties are not shown") {
    auto const loaded = with("{" + on_servers + R"(, "properties": {"sasl.password": "hunter2", "sasl.username": "${USER_OF_KAFKA}",
        "linger.ms": "5"}}}})",
                             {{"USER_OF_KAFKA", "alice"}});
    CHECK(loaded.errors.empty());
    CHECK(loaded.config.bus.kafka.properties.at("sasl.username") == "alice");
    auto const shown = print_config(loaded);
    CHECK_FALSE(contains(shown, "hunter2"));
    CHECK_FALSE(contains(shown, "alice"));
    CHECK(contains(shown, R"("linger.ms": "5")"));
}

TEST_CASE("kafka needs a store on a server and brokers, and says so") {
    auto const text = said(with(R"({"bus": {"kind": "kafka"}})"));
    CHECK(contains(text, "bus.kind: kafka needs a store on a server: set store.kind to postgresql, and store.url (mds.json)"));
    CHECK(contains(text, "bus.kafka.brokers: is needed where bus.kind is kafka"));
    CHECK(
        contains(said(with(R"({"bus": {"kafka": {"brokers": "b:9092"}}})")), "bus.kafka.brokers: belongs to bus.kind kafka alone"));
    auto const same = said(with("{" + on_servers + R"(, "topic": "x", "dead_letter_topic": "x"}}})"));
    CHECK(contains(same, "bus.kafka.dead_letter_topic: must not be bus.kafka.topic"));
    CHECK(contains(said(with("{" + on_servers + R"(, "topic": "a b"}}})")), "bus.kafka.topic: must be the name of a topic"));
}

TEST_CASE("a property that would break a guarantee is refused, with the reason") {
    auto const text = said(with("{" + on_servers + R"(, "properties": {"enable.idempotence": false, "enable.auto.commit": true,
        "acks": 1, "group.id": "x", "linger.ms": 5}}}})"));
    if (!built_with_kafka) {
        CHECK(contains(text, "bus.kind: cannot be kafka: this mds was built without it (mds.json)"));
        return;
    }
    CHECK(contains(text,
                   "bus.kafka.properties.enable.idempotence: must stay \"true\", or events could be lost or overtake each other"));
    CHECK(contains(text, "bus.kafka.properties.enable.auto.commit: must stay \"false\", since offsets are kept in the store"));
    CHECK(contains(text, "bus.kafka.properties.acks: must stay \"all\", or an acknowledged event could be lost"));
    CHECK(contains(text, "bus.kafka.properties.group.id: is set by bus.kafka.group"));
    CHECK_FALSE(contains(text, "linger.ms"));
    CHECK(contains(text, "(mds.json)"));
}

TEST_CASE("what librdkafka itself refuses is found before anything starts") {
    if (!built_with_kafka) return;
    CHECK(contains(said(with("{" + on_servers + R"(, "properties": {"lingerms": 5}}}})")),
                   "bus.kafka.properties.lingerms: is refused by"));
    CHECK(contains(said(with("{" + on_servers + R"(, "properties": {"linger.ms": "soon"}}}})")), "bus.kafka.properties.linger.ms"));
    auto const certificate =
        said(with("{" + on_servers + R"(, "properties": {"security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"}}}})"));
    CHECK(contains(certificate, "bus.kafka.properties: are refused by librdkafka"));
    CHECK(said(with("{" + on_servers + R"(, "properties": {"acks": "all", "enable.idempotence": true}}}})")).empty());
}

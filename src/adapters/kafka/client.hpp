#pragma once
// What producer and consumer share: handles that free themselves, the configuration, and where librdkafka's log goes.

#include <mds/domain/error.hpp>

#include "adapters/kafka/options.hpp"
#include "support/log.hpp"

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mds::kafka {

template <auto destroy>
struct Destroy {
    template <class T>
    void operator()(T* handle) const noexcept {
        destroy(handle);
    }
};

using ClientHandle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;

/// What librdkafka's threads tell a client. First member of whoever is a client, and alive until its handle is destroyed.
class ClientEvents {
public:
    explicit ClientEvents(support::Log log) : log_(std::move(log)) {}
    virtual ~ClientEvents() = default;

    support::Log const& log() const noexcept { return log_; }
    /// Every broker is away, as far as the client saw. Cleared by whoever hears from one.
    std::atomic<bool> away{false};

    /// Both are called from within poll, on the polling thread.
    virtual void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*) {}
    virtual void reported(rd_kafka_message_t const&) {}

private:
    support::Log log_;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

/// A client with the user's properties and, above them, `ours`. Throws std::runtime_error where librdkafka refuses one, or where
/// the user sets one of ours to something else: what is not lost depends on those.
ClientHandle make_client(rd_kafka_type_t type, Options const& options, Properties const& ours, ClientEvents& events);

/// Creates the topic where there is none. Success also where the broker does not let us, or cannot: the topic may be there all
/// the same, and using it says so. Errors: unavailable.
Result<void> ensure_topic(rd_kafka_t* client, Options const& options, support::Log const& log);

Error to_error(std::string what, rd_kafka_resp_err_t code, std::string detail = {});

}  // namespace mds::kafka

#pragma once

#include <mds/domain/error.hpp>
#include <mds/domain/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mds {

/// A record as a broker holds it, before anybody tried to read it.
struct RawRecord {
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
    UtcTime timestamp;
};

/// One record of the topic. An event of ours comes as it is, or as bytes, as does whatever else there may be.
struct BusRecord {
    std::int64_t offset = 0;
    std::variant<PriceEvent, RawRecord> content;

    BusRecord(std::int64_t at, std::variant<PriceEvent, RawRecord> c) : offset(at), content(std::move(c)) {}
};

struct PartitionsAssigned {
    std::vector<std::int32_t> partitions;
};
struct PartitionsRevoked {
    std::vector<std::int32_t> partitions;
};
/// Records of one partition, offsets rising.
struct PartitionRecords {
    std::int32_t partition = 0;
    std::vector<BusRecord> records;
};
/// What came meanwhile, of whichever partitions. Each of them is named once, with a record at least.
struct RecordsRead {
    std::vector<PartitionRecords> runs;
};
/// What was to be read next is gone (pruned, retention, topic made anew). `available`: the first offset that exists.
struct RecordsLost {
    std::int32_t partition = 0;
    std::int64_t wanted = 0;
    std::int64_t available = 0;
};
struct NothingYet {};
using BusSignal = std::variant<NothingYet, PartitionsAssigned, PartitionsRevoked, RecordsRead, RecordsLost>;

/// The consuming end of the bus. Blocking; consumer thread only, except interrupt(). No offset is ever committed to it: offsets
/// live in the store.
class EventSource {
public:
    virtual ~EventSource() = default;
    /// Waits up to `wait` for something to happen; does not wait for more of it. `max_records`: of all partitions together.
    /// Errors: unavailable (try again).
    virtual Result<BusSignal> poll(std::size_t max_records, std::chrono::milliseconds wait) = 0;
    /// Records or a change of the assignment, where they are there already. Waits for nothing and asks the bus nothing: whatever
    /// else has happened comes with the next poll(). A source that would have to ask has nothing ready.
    virtual BusSignal ready(std::size_t max_records) {
        static_cast<void>(max_records);
        return NothingYet{};
    }
    /// Reads `partition` from `offset` on. Called after PartitionsAssigned, and to go on after RecordsLost or a commit that was
    /// refused.
    virtual void start(std::int32_t partition, std::int64_t offset) = 0;
    /// Another process has what was assigned to this one, and the bus has not told yet. Gives every partition up
    /// (PartitionsRevoked) and asks for a share anew: PartitionsAssigned follows.
    virtual void rejoin() = 0;
    /// Makes a poll under way return soon. Any thread.
    virtual void interrupt() noexcept = 0;
    /// Whether events of this key go to `partition`. Asked after RecordsLost.
    virtual bool carries(std::int32_t partition, std::string_view key) const = 0;
};

}  // namespace mds

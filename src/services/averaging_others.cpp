// What other programs put on the topic: events that become points here, and what nobody can read or store.

#include "services/averaging.hpp"

#include "codec/event_json.hpp"
#include "services/averaging_counts.hpp"
#include "services/foreign_event.hpp"

namespace mds {

using std::chrono::milliseconds;

bool Averaging::take_in(AveragingShare& share, codec::ForeignEvent const& event, BusRecord const& record, RawRecord const& raw) {
    if (share.batch.foreign.size() >= options_.max_batch) return false;
    share.batch.foreign.push_back(observe(event, raw, RecordPlace{options_.topic, share.partition, record.offset}));
    share.foreign.insert(event.series);
    counts_->foreign.Increment();
    if (event.rounded) counts_->rounded.Increment();
    return true;
}

void Averaging::bury(AveragingShare& share, BusRecord const& record, RawRecord const& raw, std::string_view error_class,
                     std::string const& error) {
    counts_->dead_letters.Increment();
    DeadLetter letter;
    letter.topic = options_.topic;
    letter.partition = share.partition;
    letter.offset = record.offset;
    letter.key = raw.key;
    letter.value = raw.value;
    letter.headers = raw.headers;
    letter.error_class = error_class;
    letter.error = error;
    letter.received_at = raw.timestamp;
    share.batch.dead_letters.push_back(std::move(letter));
}

/// Whether the record at hand is to be written by itself: the store refused something among these.
bool Averaging::alone(AveragingShare const& share) const {
    if (share.records.empty()) return false;
    auto const until = refused_until_.find(share.partition);
    return until != refused_until_.end() && share.records[share.first].offset < until->second;
}

/// A foreign event that the store will never take: as good as one that cannot be read.
milliseconds Averaging::bury_refused(AveragingShare& share, Error const& error) {
    BusRecord const& record = share.records[share.first];
    share.batch.foreign.clear();
    share.foreign.clear();
    bury(share, record, std::get<RawRecord>(record.content), "refused", error.message);
    return retry_.failed("commit", error);
}

}  // namespace mds

#include "adapters/postgres/ingest.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace mds::postgres {
namespace {

constexpr std::size_t lane_count = 2;
/// Results that a lane should have to store at least: with fewer, another transaction costs more than a second core brings.
constexpr std::size_t worth_a_lane = 300;

}  // namespace

/// What one lane is given.
struct IngestWriter::Part {
    std::vector<Observation const*> observations;
    std::vector<std::size_t> places;  ///< in the batch
    std::size_t results = 0;

    void add(Observation const& observation, std::size_t place) {
        observations.push_back(&observation);
        places.push_back(place);
        results += observation.results.size();
    }
};

IngestWriter::IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : threads_(lane_count - 1) {
    for (std::size_t i = 0; i < lane_count; ++i) lanes_.push_back(std::make_unique<IngestLane>(options, condition, metrics));
}

IngestWriter::~IngestWriter() {
    threads_.join();
}

/// What another lane could not store (its connection was lost, or is one too many) the first one tries, so that it alone decides
/// whether the store is there. Where a part fails, the batch does: parts that are stored are recognised when it is sent again.
Result<IngestReceipt> IngestWriter::commit(std::span<Observation const> batch) {
    if (!std::ranges::all_of(batch, is_complete))
        return Error(ErrorCode::invalid_argument, "an observation without one result for every symbol asked for");
    auto const parts = split(batch);
    auto outcomes = commit(parts);
    IngestReceipt receipt;
    receipt.points.resize(batch.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto outcome = outcomes[i].get();
        bool const another_try = i > 0 && !outcome && outcome.error().code == ErrorCode::unavailable;
        if (another_try) outcome = lanes_.front()->commit(parts[i].observations);
        if (!outcome) return outcome.error();
        for (std::size_t j = 0; j < parts[i].places.size(); ++j) receipt.points[parts[i].places[j]] = std::move(outcome->points[j]);
        receipt.repeated += outcome->repeated;
    }
    return receipt;
}

std::vector<IngestWriter::Part> IngestWriter::split(std::span<Observation const> batch) const {
    std::size_t results = 0;
    for (Observation const& observation : batch) results += observation.results.size();
    auto parts = deal(batch, std::clamp<std::size_t>(results / worth_a_lane, 1, lanes_.size()));
    return parts.empty() ? deal(batch, 1) : parts;
}

/// All that names one symbol to one lane, which numbers it in its order: with two lanes an older answer could come to be the
/// latest. Empty: some observation names symbols of several lanes.
std::vector<IngestWriter::Part> IngestWriter::deal(std::span<Observation const> batch, std::size_t lanes) {
    std::vector<Part> parts(lanes);
    std::unordered_map<std::string_view, Part*> dealt;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Part* part = nullptr;
        for (Symbol const& symbol : batch[i].symbols) {
            auto const of_it = dealt.find(symbol.str());
            if (of_it == dealt.end()) continue;
            if (part != nullptr && part != of_it->second) return {};
            part = of_it->second;
        }
        if (part == nullptr) part = &*std::ranges::min_element(parts, {}, &Part::results);
        if (lanes > 1)
            for (Symbol const& symbol : batch[i].symbols) dealt.try_emplace(symbol.str(), part);
        part->add(batch[i], i);
    }
    return parts;
}

/// Returns when all of them have ended.
std::vector<std::future<Result<IngestReceipt>>> IngestWriter::commit(std::vector<Part> const& parts) {
    std::vector<std::packaged_task<Result<IngestReceipt>()>> tasks;
    std::vector<std::future<Result<IngestReceipt>>> outcomes;
    for (std::size_t i = 0; i < parts.size(); ++i)
        outcomes.push_back(tasks.emplace_back([&, i] { return lanes_[i]->commit(parts[i].observations); }).get_future());
    for (auto& task : tasks | std::views::drop(1)) net::post(threads_, [task = std::move(task)]() mutable { task(); });
    tasks.front()();
    for (auto const& outcome : outcomes) outcome.wait();
    return outcomes;
}

}  // namespace mds::postgres

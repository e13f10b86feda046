#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/task.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace mds {

using StoredPoints = Result<std::vector<PricePoint>>;
/// The suspended submitter. Concrete, so that queueing it allocates nothing.
using IngestSubmitter = net::async_result<net::use_awaitable_t<IoExecutor>, void(StoredPoints)>::handler_type;

/// Collects the answers of a batch and hands each io_context its share in one post: one wake-up, however many submitters it has.
class IngestAnswers {
public:
    void add(IngestSubmitter submitter, StoredPoints points) {
        auto const executor = net::get_associated_executor(submitter);
        auto share = std::ranges::find(shares_, executor, &Share::executor);
        if (share == shares_.end()) share = shares_.insert(shares_.end(), Share{executor, {}});
        share->answers.emplace_back(std::move(submitter), std::move(points));
    }

    void send() {
        for (auto& share : shares_) {
            net::post(share.executor, [answers = std::move(share.answers)]() mutable {
                for (auto& [submitter, points] : answers) std::move(submitter)(std::move(points));
            });
        }
        shares_.clear();
    }

private:
    struct Share {
        IoExecutor executor;
        std::vector<std::pair<IngestSubmitter, StoredPoints>> answers;
    };
    std::vector<Share> shares_;
};

}  // namespace mds

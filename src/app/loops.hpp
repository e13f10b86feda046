#pragma once

#include "support/io_thread.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace mds::app {

/// The I/O threads. Before everything else, because pools post to their loops until they end.
struct Loops {
    explicit Loops(std::size_t http_threads) {
        for (std::size_t i = 0; i < http_threads; ++i)
            http.push_back(std::make_unique<support::IoThread>(fmt::format("mds-http-{}", i)));
    }
    std::vector<support::IoThread*> of_http() const {
        std::vector<support::IoThread*> threads;
        for (auto const& thread : http) threads.push_back(thread.get());
        return threads;
    }

    std::vector<std::unique_ptr<support::IoThread>> http;
    /// Ends before those of http: where the grace was too short, what still runs here is to answer there.
    support::IoThread fetch{"mds-fetch"};
};

}  // namespace mds::app

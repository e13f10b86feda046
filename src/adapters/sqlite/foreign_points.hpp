#pragma once

#include <mds/domain/observation.hpp>

#include "adapters/sqlite/ingest.hpp"
#include "adapters/sqlite/write_side.hpp"

#include <functional>

namespace mds::sqlite {

/// Makes points of other programs' events, and finds the averages that their series then lack. Inside a write transaction only.
class ForeignPoints {
public:
    ForeignPoints(WriteSide& side, IngestWriter& ingest);

    /// `visit` is given the missing points of the series in order of `seq`, from the fifth on, each with its average.
    void write(Observation const& observation, std::function<void(PricePoint const&, Average)> const& visit);

private:
    bool stored(Uuid const& point);

    WriteSide& side_;
    IngestWriter& ingest_;
    Statement stored_;
    Statement last_averaged_;
    Statement points_;
};

}  // namespace mds::sqlite

#pragma once

#include "app/cli.hpp"
#include "app/config.hpp"
#include "app/invocation.hpp"

#include "codec/provider_catalogue.hpp"

namespace mds::app {

/// `mds provider check` and `mds provider test`. Nothing is stored. ok: it was judged, whatever the judgement; usage: the provider,
/// a symbol or the file is not what it should be.
ExitCode ask_provider(Invocation const& invocation, Config const& config, codec::Catalogue catalogue,
                      ProcessContext const& process);

}  // namespace mds::app

#pragma once

#include "app/config_load.hpp"

#include "codec/provider_catalogue.hpp"

#include <vector>

namespace mds::app {

struct LoadedCatalogue {
    codec::Catalogue catalogue;
    std::vector<ConfigError> errors;  ///< all of them; use `catalogue` only if there are none
};

/// The providers that ship with the program, with the files and overrides of the configuration merged over them; checked, and the
/// configuration's provider names against it. Reads the files of `providers.files`.
LoadedCatalogue load_catalogue(LoadedConfig const& loaded, Environment const& environment);

}  // namespace mds::app

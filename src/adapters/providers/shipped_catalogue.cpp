#include <adapters/providers/directory.hpp>

#include <embedded/providers.hpp>

namespace mds::providers {

codec::CatalogueText shipped_catalogue() {
    auto const& [name, text] = embedded::providers.front();
    return {"the shipped " + std::string(name), std::string(text)};
}

}  // namespace mds::providers

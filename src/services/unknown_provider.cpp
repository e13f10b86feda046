#include "services/unknown_provider.hpp"

#include <algorithm>
#include <string>

namespace mds {

Error unknown_provider(std::string_view name, ProviderDirectory const& providers) {
    auto names = providers.names();
    std::ranges::sort(names);
    std::string message = "unknown provider '" + std::string(name) + "'; known: ";
    for (auto const& known : names) {
        if (&known != &names.front()) message += ", ";
        message += known;
    }
    return Error(ErrorCode::invalid_argument, std::move(message));
}

}  // namespace mds

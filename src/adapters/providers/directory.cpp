#include <adapters/providers/directory.hpp>

#include <adapters/providers/http_provider.hpp>

#include <algorithm>

namespace mds::providers {

Directory::Directory(codec::Catalogue catalogue, std::vector<SimulatedOptions> simulated, HttpOptions http,
                     DirectoryContext const& context)
    : http_(context.executor, std::move(http)) {
    for (auto& options : simulated) {
        providers_.push_back(std::make_unique<SimulatedProvider>(std::move(options), context.clock, context.timer, context.random,
                                                                 context.metrics));
    }
    for (auto& entry : catalogue.providers) {
        auto const aliases = entry.aliases;
        auto provider = std::make_unique<HttpProvider>(std::move(entry), http_, context.clock, context.timer, context.random,
                                                       context.metrics, context.quotas);
        of_catalogue_.push_back(provider.get());
        providers_.push_back(std::move(provider));
        for (auto const& alias : aliases) by_name_.emplace(alias, providers_.back().get());
    }
    for (auto const& provider : providers_) by_name_[provider->traits().name] = provider.get();
}

PriceProvider* Directory::find(std::string_view name) const noexcept {
    auto const found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::string> Directory::names() const {
    std::vector<std::string> names;
    for (auto const& provider : providers_) names.push_back(provider->traits().name);
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace mds::providers

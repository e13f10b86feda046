#include "app/catalogue.hpp"

#include "adapters/providers/directory.hpp"
#include "adapters/providers/simulated_provider.hpp"
#include "app/file_content.hpp"
#include "codec/nearest_name.hpp"

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace mds::app {
namespace {

class Checker {
public:
    Checker(LoadedConfig const& loaded, Environment const& environment) : loaded_(loaded), config_(loaded.config) {
        lookup_ = [&environment](std::string const& variable) {
            auto const found = environment.find(variable);
            return found == environment.end() ? std::nullopt : std::optional(found->second);
        };
    }

    LoadedCatalogue run() && {
        read_files();
        if (errors_.empty()) read_catalogue();
        if (errors_.empty()) check_names();
        if (errors_.empty() && !config_.providers.overrides.empty()) {
            texts_.push_back(overrides());
            read_catalogue();
        }
        return {std::move(catalogue_), std::move(errors_)};
    }

private:
    void read_files() {
        texts_.push_back(providers::shipped_catalogue());
        check_ca_file();
        for (auto const& path : config_.providers.files) {
            if (auto text = content_of(path))
                texts_.push_back({path, std::move(*text)});
            else
                errors_.push_back({"providers.files", fmt::format("{} cannot be read", path), origin_of("providers.files")});
        }
    }

    void check_ca_file() {
        auto const& path = config_.providers.ca_file;
        if (path.empty() || content_of(path)) return;
        errors_.push_back({"providers.ca_file", fmt::format("{} cannot be read", path), origin_of("providers.ca_file")});
    }

    void read_catalogue() {
        auto read = codec::read_catalogue(texts_, lookup_);
        if (read)
            catalogue_ = std::move(*read);
        else
            for (auto& problem : read.error())
                errors_.push_back({std::move(problem.path), std::move(problem.message), "provider catalogue"});
    }

    codec::CatalogueText overrides() const {
        boost::json::object entries;
        for (auto const& [name, change] : config_.providers.overrides) {
            boost::json::object entry;
            if (!change.base_url.empty()) entry["base_url"] = change.base_url;
            entries[name] = std::move(entry);
        }
        boost::json::object document;
        document["providers"] = std::move(entries);
        return {"providers.override", boost::json::serialize(document)};
    }

    void check_names() {
        std::vector<std::string> known;
        for (auto const& entry : catalogue_.providers) {
            known.push_back(entry.name);
            known.insert(known.end(), entry.aliases.begin(), entry.aliases.end());
        }
        for (auto const& [name, change] : config_.providers.overrides) check(known, name, "providers.override");
        known.push_back(providers::SimulatedOptions().name);
        check(known, config_.providers.default_name, "providers.default");
        for (auto const& name : config_.providers.failover) check(known, name, "providers.failover");
        for (std::size_t i = 0; i < config_.jobs.size(); ++i) {
            for (auto const& name : config_.jobs[i].provider.names) check(known, name, fmt::format("jobs[{}].provider", i));
        }
    }

    void check(std::vector<std::string> const& known, std::string const& name, std::string const& path) {
        if (std::ranges::find(known, name) != known.end()) return;
        auto const meant = codec::nearest_name(name, known);
        auto const hint = meant.empty() ? std::string() : fmt::format(" (did you mean \"{}\"?)", meant);
        errors_.push_back({path, fmt::format("names no known provider: \"{}\"{}", name, hint), origin_of(path)});
    }

    std::string origin_of(std::string const& path) const {
        auto const found = loaded_.origins.lower_bound(path);
        return found == loaded_.origins.end() || !found->first.starts_with(path) ? "default" : found->second;
    }

    LoadedConfig const& loaded_;
    Config const& config_;
    codec::EnvironmentLookup lookup_;
    std::vector<codec::CatalogueText> texts_;
    codec::Catalogue catalogue_;
    std::vector<ConfigError> errors_;
};

}  // namespace

LoadedCatalogue load_catalogue(LoadedConfig const& loaded, Environment const& environment) {
    return Checker(loaded, environment).run();
}

}  // namespace mds::app

#include "app/job_seeds.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace mds::app {
namespace {

/// Providers by their own names: the configuration may use aliases, jobs do not.
std::vector<std::string> own_names(std::vector<std::string> const& names, ProviderDirectory const& providers) {
    std::vector<std::string> own;
    for (auto const& name : names) {
        auto const* const provider = providers.find(name);
        auto const& its = provider == nullptr ? name : provider->traits().name;
        if (std::ranges::find(own, its) == own.end()) own.push_back(its);
    }
    return own;
}

Job job_of(JobSeed const& seed, JobSeeding const& seeding) {
    Job job;
    job.id = seeded_job_id(seed.name);
    for (auto const& text : seed.symbols) {
        auto symbol = Symbol::parse(text, seeding.fold);
        if (symbol && std::ranges::find(job.config.symbols, *symbol) == job.config.symbols.end())
            job.config.symbols.push_back(*symbol);
    }
    job.config.interval = seed.interval;
    job.config.providers =
        own_names(seed.provider.names.empty() ? std::vector{seeding.default_provider} : seed.provider.names, seeding.providers);
    job.config.provider_is_list = seed.provider.is_list;
    job.created_at = seeding.clock.now();
    job.active_since = job.created_at;
    return job;
}

}  // namespace

std::string seeded_job_id(std::string_view name) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    auto const text = fmt::format("job of the configuration: {}", name);
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available");
    }
    std::string id = "poll_";
    for (std::size_t i = 0; i < 16; ++i) id += fmt::format("{:02x}", digest[i]);
    return id;
}

Task<std::size_t> seed_jobs(JobSeeding seeding, std::vector<JobSeed> seeds) {
    std::size_t created = 0;
    for (auto const& seed : seeds) {
        auto const found = co_await seeding.reads.find(seeded_job_id(seed.name));
        if (!found) co_return found.error();
        if (found->has_value()) continue;
        auto job = job_of(seed, seeding);
        auto const made = co_await seeding.store.create(std::move(job), std::nullopt);
        if (!made) co_return made.error();
        ++created;
    }
    co_return created;
}

}  // namespace mds::app

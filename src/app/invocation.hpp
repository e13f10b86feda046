#pragma once

#include "app/config_load.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mds::app {

enum class Command { serve, check_config, migrate, copy, replay, config_reference, provider_check, provider_test, version, help };

/// What `provider check` and `provider test` are about.
struct ProviderQuestion {
    std::string provider;
    std::vector<std::string> symbols;
    std::string file;  ///< of check: the saved body
    int status = 200;
    std::string content_type;
};

/// A command line that was understood.
struct Invocation {
    Command command = Command::serve;
    std::optional<std::string> config_path;
    std::vector<ConfigSources::Flag> flags;
    bool print = false;      ///< of check-config
    bool new_epoch = false;  ///< of migrate
    std::string copy_from;   ///< of copy, and never empty there
    std::string copy_to;
    std::string error_class;    ///< of replay; empty: any
    ProviderQuestion question;  ///< of provider check and provider test
};

/// Or a sentence for the user.
using ParsedInvocation = boost::system::result<Invocation, std::string>;

ParsedInvocation parse_invocation(std::vector<std::string> const& arguments);
std::string help_text();

}  // namespace mds::app

#include "app/invocation.hpp"

#include "codec/nearest_name.hpp"

#include <fmt/format.h>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace mds::app {
namespace {

namespace po = boost::program_options;

constexpr std::array<std::pair<std::string_view, Command>, 9> commands{{
    {"serve", Command::serve},
    {"check-config", Command::check_config},
    {"migrate", Command::migrate},
    {"copy", Command::copy},
    {"replay", Command::replay},
    {"config-reference", Command::config_reference},
    {"provider", Command::provider_check},
    {"version", Command::version},
    {"help", Command::help},
}};

constexpr std::string_view usage =
    R"(mds - Market Data Service: polls prices, stores every one, averages them and serves them over HTTP.

Usage:
  mds [COMMAND] [OPTIONS]

Commands:
  serve             run until SIGINT or SIGTERM (the default)
  check-config      read and check the whole configuration, then end: OK, or every error at once
  migrate           bring the store's schema up to date, then end
  copy              move the whole history of a stopped service to another, empty store, then end
  replay            put dead letters back into the topic of events, once each, for a consumer that can read them now
  config-reference  every configuration key with type, default and meaning
  provider check NAME SYMBOL[,SYMBOL...] FILE
                    judge a saved answer as if the provider had just given it: one JSON line per symbol
  provider test NAME SYMBOL[,SYMBOL...]
                    ask the provider now and show request, answer and judgement; keys are masked, nothing is stored
  version           this version and those of the libraries
  help              this text

)";

constexpr std::string_view notes = R"(
Examples:
  mds                                          everything with built-in defaults, data in ./data
  mds -c config/standalone.json                with a polling job of six simulated symbols
  mds -c mds.json --set http.port=9000 --set log.level=debug
  mds -c mds.json --modules http               only the API of this configuration
  MDS_HTTP__PORT=9000 mds -c mds.json          the environment sets the same keys
  mds check-config -c mds.json --print         what is in force; secrets are masked
  mds copy --from sqlite:data --to postgres:postgresql://mds@db/prices
  mds provider test acme BTC-USD      does it answer, and what is made of it
  mds provider check acme A,B --status 200 --content-type application/json answer.json

Configuration: flags win over the environment, the environment over the file, the file over the defaults.
Key http.port is MDS_HTTP__PORT in the environment; "${NAME}" in the file is the environment variable NAME.

Exit codes:
  0    ended as asked
  1    a module could not start, or a fault of the program
  2    the command line or the configuration is wrong
  3    the store cannot be opened: in use by another process, of a newer version, unreadable, log-in refused;
       or cannot be copied
  4    work under way did not end within shutdown.grace
  130  ended at once by a second signal
)";

po::options_description options() {
    po::options_description all("Options");
    all.add_options()                                                                                                           //
        ("config,c", po::value<std::string>()->value_name("FILE"), "configuration file (default: MDS_CONFIG, else none)")       //
        ("set,s", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"), "set one key; may be repeated")  //
        ("modules,m", po::value<std::string>()->value_name("LIST"), "http,poller,relay,consumer: what this process does")       //
        ("print", po::bool_switch(), "check-config: print the effective configuration")                                         //
        ("new-epoch", po::bool_switch(),
         "migrate: after a restore from backup, so that older events are not taken for new ones")  //
        ("from", po::value<std::string>()->value_name("STORE"), "copy: sqlite:DIR")                //
        ("to", po::value<std::string>()->value_name("STORE"),
         "copy: postgres:URL, or postgres for the URL of store.url, which keeps a password off the command line")    //
        ("class", po::value<std::string>()->value_name("CLASS"), "replay: only dead letters of this error_class")    //
        ("status", po::value<int>()->value_name("CODE"), "provider check: the answer's HTTP status (default: 200)")  //
        ("content-type", po::value<std::string>()->value_name("TYPE"), "provider check: the answer's media type")    //
        ("version,V", po::bool_switch(), "the version")                                                              //
        ("help,h", po::bool_switch(), "this text");
    return all;
}

std::optional<Command> command_named(std::string_view name) {
    auto const found = std::ranges::find(commands, name, &std::pair<std::string_view, Command>::first);
    return found == commands.end() ? std::nullopt : std::optional(found->second);
}

std::string with_suggestion(std::string text, std::string_view wrong, std::vector<std::string> const& candidates) {
    auto const meant = codec::nearest_name(wrong, candidates);
    return meant.empty() ? text : fmt::format("{}; did you mean {}?", text, meant);
}

std::string unknown_command(std::string const& name) {
    std::vector<std::string> names;
    for (auto const& [known, command] : commands) names.emplace_back(known);
    return with_suggestion(fmt::format("unknown command \"{}\"", name), name, names);
}

std::string unknown_option(std::string const& name) {
    std::vector<std::string> const names{"--config", "--set",   "--modules", "--print",        "--new-epoch", "--from",
                                         "--to",     "--class", "--status",  "--content-type", "--version",   "--help"};
    return with_suggestion(fmt::format("unknown option \"{}\"", name), name, names);
}

po::variables_map parse(std::vector<std::string> const& arguments) {
    namespace style = po::command_line_style;
    po::options_description all = options();
    all.add_options()("command", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("command", -1);
    po::variables_map values;
    auto const form = style::unix_style & ~style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).style(form).run(), values);
    return values;
}

std::vector<std::string> split_symbols(std::string_view list) {
    std::vector<std::string> symbols;
    for (;;) {
        auto const comma = list.find(',');
        symbols.emplace_back(list.substr(0, comma));
        if (comma == list.npos) return symbols;
        list.remove_prefix(comma + 1);
    }
}

/// "provider check NAME SYMBOLS FILE" or "provider test NAME SYMBOLS". Returns what is wrong, or nothing.
std::optional<std::string> take_question(std::vector<std::string> const& words, Invocation& invocation) {
    constexpr auto form = "provider check NAME SYMBOL[,SYMBOL...] FILE, or provider test NAME SYMBOL[,SYMBOL...]";
    auto const action = words.size() > 1 ? words[1] : std::string();
    if (action != "check" && action != "test") return fmt::format("wants {}", form);
    bool const check = action == "check";
    if (words.size() != (check ? 5 : 4)) return fmt::format("provider {} has {} words; wants {}", action, words.size(), form);
    invocation.command = check ? Command::provider_check : Command::provider_test;
    invocation.question.provider = words[2];
    invocation.question.symbols = split_symbols(words[3]);
    if (check) invocation.question.file = words[4];
    return std::nullopt;
}

std::optional<std::string> take_answer_options(po::variables_map const& values, Invocation& invocation) {
    bool const given = values.contains("status") || values.contains("content-type");
    if (given && invocation.command != Command::provider_check) return "--status and --content-type belong to provider check";
    if (values.contains("status")) invocation.question.status = values["status"].as<int>();
    if (invocation.question.status < 100 || invocation.question.status > 599) return "--status wants an HTTP status such as 200";
    if (values.contains("content-type")) invocation.question.content_type = values["content-type"].as<std::string>();
    return std::nullopt;
}

ParsedInvocation understand(po::variables_map const& values) {
    Invocation invocation;
    if (values.contains("command")) {
        auto const& words = values["command"].as<std::vector<std::string>>();
        auto const command = command_named(words.front());
        if (!command) return unknown_command(words.front());
        if (*command == Command::provider_check) {
            if (auto const wrong = take_question(words, invocation)) return *wrong;
        } else if (words.size() > 1) {
            return fmt::format("one command at a time: \"{}\" is one too many", words[1]);
        } else {
            invocation.command = *command;
        }
    }
    if (values["version"].as<bool>()) invocation.command = Command::version;
    if (values["help"].as<bool>()) invocation.command = Command::help;
    invocation.print = values["print"].as<bool>();
    if (invocation.print && invocation.command != Command::check_config) return "--print belongs to check-config";
    invocation.new_epoch = values["new-epoch"].as<bool>();
    if (invocation.new_epoch && invocation.command != Command::migrate) return "--new-epoch belongs to migrate";
    for (auto const& [option, store] : {std::pair("from", &invocation.copy_from), std::pair("to", &invocation.copy_to)}) {
        if (values.contains(option)) *store = values[option].as<std::string>();
        bool const wanted = invocation.command == Command::copy;
        if (!wanted && !store->empty()) return fmt::format("--{} belongs to copy", option);
        if (wanted && store->empty()) return fmt::format("copy wants --{}", option);
    }
    if (values.contains("class")) invocation.error_class = values["class"].as<std::string>();
    if (!invocation.error_class.empty() && invocation.command != Command::replay) return "--class belongs to replay";
    if (auto const wrong = take_answer_options(values, invocation)) return *wrong;
    if (values.contains("config")) invocation.config_path = values["config"].as<std::string>();
    if (values.contains("modules")) {
        auto const& list = values["modules"].as<std::string>();
        invocation.flags.push_back({"modules", list, "flag --modules"});
    }
    if (values.contains("set")) {
        for (auto const& setting : values["set"].as<std::vector<std::string>>()) {
            auto const equals = setting.find('=');
            if (equals == 0 || equals == setting.npos)
                return fmt::format("--set wants KEY=VALUE, not \"{}\"", setting.substr(0, equals));
            auto const key = setting.substr(0, equals);
            invocation.flags.push_back({key, setting.substr(equals + 1), "flag --set " + key});
        }
    }
    return invocation;
}

}  // namespace

ParsedInvocation parse_invocation(std::vector<std::string> const& arguments) {
    try {
        return understand(parse(arguments));
    } catch (po::unknown_option const& error) {
        return unknown_option(error.get_option_name());
    } catch (po::error const& error) {
        return std::string(error.what());
    }
}

std::string help_text() {
    std::ostringstream text;
    text << usage << options() << notes;
    return text.str();
}

}  // namespace mds::app

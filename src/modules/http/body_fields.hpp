#pragma once
// JSON bodies, read strictly: what a route does not know is a fault, never ignored. All faults are collected.

#include <mds/domain/symbol.hpp>

#include "codec/json_document.hpp"
#include "modules/http/problem.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mds::http {

/// A body, or the answer that says what is wrong with it (415, 400 or 422).
template <class T>
using BodyOr = std::variant<T, Reply>;

/// application/json, or another type that ends in +json; parameters do not matter.
bool is_json_type(std::string_view type);

/// The body as a JSON object without repeated keys.
BodyOr<codec::Json> read_object(Request const& request);

/// Collects what is wrong with the fields of one object.
class Fields {
public:
    /// Faults: fields that are not in `known`, with the nearest that is.
    Fields(codec::Json const& object, std::span<std::string_view const> known);

    codec::Json const* find(std::string_view name) const { return object_.find(name); }
    /// `where` is below the body. `input` is quoted; null: nothing is.
    void fault(std::vector<std::string> where, std::string type, std::string message, codec::Json const* input);
    void missing(std::string_view name);

    Faults faults;

private:
    codec::Json const& object_;
};

/// Appends the symbol, unless it is there already; a fault where it is none.
void read_symbol(Fields& fields, std::vector<std::string> where, codec::Json const& item, SymbolCase fold, std::vector<Symbol>& symbols);

}  // namespace mds::http

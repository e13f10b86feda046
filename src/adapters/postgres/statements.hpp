#pragma once
// Every statement of the store, so that what the server is asked can be read, and its plans be checked, in one place. Parameters
// are cast where they stand: their binary form must not depend on what the server infers.

#include "adapters/postgres/connection.hpp"

#include <span>

namespace mds::postgres::sql {

extern Sql const begin;
extern Sql const commit;

/// Shared by several of the parts beside this file.
namespace names {
extern Sql const make_series;
extern Sql const find_series;
extern Sql const make_groups;
extern Sql const find_groups;
}  // namespace names

namespace ingest {
extern Sql const lock_series;
extern Sql const stored_raw;
extern Sql const stored_rejects;
extern Sql const stored_points;
extern Sql const insert_raw;
extern Sql const insert_points;
extern Sql const insert_rejects;
extern Sql const update_series;
extern Sql const settle;
extern Sql const publish;
/// For many rows at once, in binary. Where one of them is stored already, they fail.
extern std::string const copy_raw;
extern std::string const copy_points;
}  // namespace ingest

namespace averaging {
extern Sql const claim;
extern Sql const advance;
extern Sql const stored_points;
extern Sql const not_averaged;
extern Sql const lock_head;
extern Sql const insert_averages;  ///< where COPY met a row that is there already
extern Sql const insert_dead_letter;
extern Sql const insert_dead_header;
extern Sql const last_averaged;
extern Sql const points;
}  // namespace averaging

namespace prices {
extern Sql const find_series;
extern Sql const latest;
extern Sql const each_latest;
extern Sql const last_before;
extern Sql const ascending;
extern Sql const descending;
extern Sql const newest_average;
extern Sql const averages;
}  // namespace prices

namespace jobs {
extern Sql const find;
extern Sql const find_for_change;
extern Sql const list;
extern Sql const states;
extern Sql const revision;
extern Sql const planned;
extern Sql const unpolled;
extern Sql const settled;
extern Sql const waits;
extern Sql const insert;
extern Sql const update;
extern Sql const raise_revision;
extern Sql const forget_keys;
extern Sql const insert_key;
extern Sql const read_key;
extern Sql const missed;
extern Sql const progress;
extern Sql const wait;
}  // namespace jobs

namespace outbox {
extern Sql const read;
extern Sql const letters;
extern Sql const letter_headers;
extern Sql const replay;
extern Sql const head;
extern Sql const prune;
extern Sql const prune_raw;
extern Sql const prune_outcomes;
}  // namespace outbox

namespace relay {
extern Sql const create;
extern Sql const claim;
extern Sql const advance;
extern Sql const retire_offsets;
extern Sql const retire;
}  // namespace relay

namespace leases {
extern Sql const hold;
extern Sql const live;
extern Sql const forget;
extern Sql const make;
extern Sql const renew;
extern Sql const claim;
extern Sql const share;
extern Sql const held;
extern Sql const give_back;
extern Sql const give_all_back;
extern Sql const leave;
}  // namespace leases

namespace quotas {
extern Sql const lock;
extern Sql const read;
extern Sql const now;
extern Sql const add;
extern Sql const drop;
}  // namespace quotas

namespace meta {
extern Sql const lock_migrations;
extern Sql const has_tables;
extern Sql const schema_version;
extern Sql const store_epoch;
extern Sql const raise_epoch;
extern Sql const touch;
}  // namespace meta

/// All of those whose cost grows with the tables.
std::vector<Sql const*> on_large_tables();

}  // namespace mds::postgres::sql

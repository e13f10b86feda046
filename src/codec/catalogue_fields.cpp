#include <codec/catalogue_fields.hpp>

#include <codec/nearest_name.hpp>

#include <algorithm>

namespace mds::codec {

namespace {

std::string listed(std::vector<std::string> const& names) {
    std::string out;
    for (auto const& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace

ObjectFields::ObjectFields(Json const* json, std::string path, Problems& problems)
    : json_(json), path_(std::move(path)), problems_(problems) {
    if (json_ == nullptr || json_->is_object()) return;
    problems_.push_back({path_, "must be an object"});
    json_ = nullptr;
}

Json const* ObjectFields::find(std::string key) {
    auto const* found = json_ == nullptr ? nullptr : json_->find(key);
    asked_.push_back(std::move(key));
    return found;
}

std::string ObjectFields::text(std::string const& key, bool required) {
    auto const* json = find(key);
    if (json == nullptr) {
        if (required) fault(key, "is missing");
        return {};
    }
    if (!json->is_string()) fault(key, "must be a string");
    return json->is_string() ? json->text() : std::string();
}

bool ObjectFields::flag(std::string const& key) {
    auto const* json = find(key);
    if (json != nullptr && !json->is_boolean()) fault(key, "must be true or false");
    return json != nullptr && json->boolean();
}

std::optional<std::int64_t> ObjectFields::integer(std::string const& key, std::int64_t least, std::int64_t most) {
    auto const* json = find(key);
    if (json == nullptr) return std::nullopt;
    auto const value = json->integer();
    if (value && *value >= least && *value <= most) return value;
    fault(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<Path> ObjectFields::path(std::string const& key, bool required) {
    auto const before = problems_.size();
    auto const* json = json_ == nullptr ? nullptr : json_->find(key);
    auto const written = text(key, required);
    if (json == nullptr || problems_.size() > before) return std::nullopt;
    auto parsed = Path::parse(written);
    if (!parsed) fault(key, "'" + written + "' is no path");
    return parsed;
}

std::vector<std::string> ObjectFields::texts(std::string const& key) {
    auto const* json = find(key);
    if (json == nullptr) return {};
    if (json->is_string()) return {json->text()};
    std::vector<std::string> out;
    for (auto const& item : json->items()) {
        if (item.is_string()) out.push_back(item.text());
    }
    if (!json->is_array() || out.empty() || out.size() != json->items().size())
        fault(key, "must be a string or an array of strings");
    return out;
}

std::vector<std::pair<std::string, std::string>> ObjectFields::pairs(std::string const& key) {
    auto const* json = find(key);
    if (json == nullptr) return {};
    std::vector<std::pair<std::string, std::string>> out;
    if (!json->is_object()) fault(key, "must be an object");
    for (std::size_t i = 0; i < json->keys().size(); ++i) {
        auto const& value = json->items()[i];
        if (value.is_string())
            out.emplace_back(json->keys()[i], value.text());
        else
            fault(key + "." + json->keys()[i], "must be a string");
    }
    return out;
}

ObjectFields ObjectFields::object(std::string const& key) {
    return ObjectFields(find(key), path_of(key), problems_);
}

std::vector<ObjectFields> objects_of(ObjectFields& parent, std::string const& key, std::string const& fault) {
    std::vector<ObjectFields> objects;
    auto const* json = parent.find(key);
    if (json == nullptr) return objects;
    if (!json->is_array()) {
        parent.fault(key, fault);
        return objects;
    }
    for (std::size_t i = 0; i < json->items().size(); ++i) {
        objects.emplace_back(&json->items()[i], parent.path_of(key) + "[" + std::to_string(i) + "]", parent.problems());
    }
    return objects;
}

void ObjectFields::refuse_choice(std::string const& key, Json const& json, std::vector<std::string> const& known) {
    auto const near = nearest_name(json.text(), known);
    fault(key, near.empty() ? "must be one of " + listed(known)
                            : "'" + json.text() + "' is unknown; did you mean '" + std::string(near) + "'?");
}

void ObjectFields::finish() {
    if (json_ == nullptr) return;
    for (auto const& key : json_->keys()) {
        if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
        auto const near = nearest_name(key, asked_);
        fault(key,
              near.empty() ? "is unknown; known are " + listed(asked_) : "is unknown; did you mean '" + std::string(near) + "'?");
    }
}

}  // namespace mds::codec

#include <codec/catalogue_fields.hpp>

namespace mds::codec {

namespace {

constexpr std::array<std::pair<std::string_view, TimeEncoding>, 7> encodings{{{"unix_s", TimeEncoding::unix_s},
                                                                              {"unix_ms", TimeEncoding::unix_ms},
                                                                              {"unix_us", TimeEncoding::unix_us},
                                                                              {"unix_ns", TimeEncoding::unix_ns},
                                                                              {"rfc3339", TimeEncoding::rfc3339},
                                                                              {"datetime", TimeEncoding::datetime},
                                                                              {"date", TimeEncoding::date}}};

TimeField read_time_field(ObjectFields& fields, bool& optional) {
    TimeField time;
    for (auto const& text : fields.texts("path")) {
        if (auto path = Path::parse(text))
            time.paths.push_back(std::move(*path));
        else
            fields.fault("path", "'" + text + "' is no path");
    }
    if (time.paths.empty()) fields.fault("path", "is missing");
    if (fields.find("as") == nullptr) fields.fault("as", "is missing");
    time.encoding = fields.choice("as", encodings, TimeEncoding::rfc3339);
    if (auto const name = fields.text("zone"); !name.empty()) {
        if (auto const zone = TimeZone::parse(name))
            time.zone = *zone;
        else
            fields.fault("zone", "'" + name + "' is no known time zone; write an offset such as +05:30");
    }
    optional = fields.flag("optional");
    fields.finish();
    return time;
}

ValueGroup read_group(ObjectFields fields) {
    ValueGroup group;
    group.price = fields.path("price", true).value_or(Path());
    if (auto time = fields.object("time"); time.is_there()) group.time = read_time_field(time, group.time_may_be_absent);
    group.volume = fields.path("volume");
    fields.finish();
    return group;
}

void read_groups(ObjectFields& fields, AnswerShape& shape) {
    auto const* json = fields.find("values");
    if (json == nullptr) return;
    shape.values.clear();
    if (!json->is_array()) {
        shape.values.push_back(read_group(ObjectFields(json, fields.path_of("values"), fields.problems())));
        return;
    }
    for (auto& group : objects_of(fields, "values")) shape.values.push_back(read_group(std::move(group)));
    if (shape.values.empty()) fields.fault("values", "must not be empty");
}

void read_currency(ObjectFields& fields, AnswerShape& shape) {
    if (fields.find("currency") == nullptr) return;
    shape.currency.reset();
    shape.currency_text = {};
    auto const written = fields.text("currency");
    if (written.starts_with('/')) {
        shape.currency = Path::parse(written);
        if (!shape.currency) fields.fault("currency", "'" + written + "' is no path");
    } else if (auto text = Template::parse(written)) {
        shape.currency_text = std::move(*text);
    } else {
        fields.fault("currency", "must be a path, a currency, or {quote}");
    }
}

void read_echo(ObjectFields& fields, AnswerShape& shape) {
    if (fields.find("echo") == nullptr) return;
    shape.echo.clear();
    for (auto const& [path_text, expected_text] : fields.pairs("echo")) {
        auto path = Path::parse(path_text);
        auto expected = Template::parse(expected_text);
        if (path && expected)
            shape.echo.emplace_back(std::move(*path), std::move(*expected));
        else
            fields.fault("echo", "'" + path_text + "': '" + expected_text + "' is not a path and a template");
    }
}

void read_scale(ObjectFields& fields, AnswerShape& shape) {
    if (fields.find("scale") == nullptr) return;
    shape.scale.clear();
    for (auto& rule_fields : objects_of(fields, "scale")) {
        ScaleRule rule;
        if (auto when = rule_fields.object("when"); when.is_there()) rule.when = read_predicate(std::move(when));
        if (rule_fields.find("power_of_ten") == nullptr) rule_fields.fault("power_of_ten", "is missing");
        rule.power_of_ten = static_cast<int>(rule_fields.integer("power_of_ten", -18, 18).value_or(0));
        rule.currency = rule_fields.text("currency");
        rule_fields.finish();
        shape.scale.push_back(std::move(rule));
    }
}

constexpr std::array<std::pair<std::string_view, JsonShape>, 5> json_shapes{{{"any", JsonShape::any},
                                                                             {"object", JsonShape::object},
                                                                             {"array", JsonShape::array},
                                                                             {"string", JsonShape::string},
                                                                             {"number", JsonShape::number}}};

void read_envelope(ObjectFields& fields, AnswerShape& shape) {
    auto success = fields.object("success");
    if (!success.is_there()) return;
    Envelope envelope;
    envelope.path = success.path("path", true).value_or(Path());
    envelope.shape = success.choice("type", json_shapes, JsonShape::any);
    success.finish();
    shape.success = std::move(envelope);
}

void read_row(ObjectFields& fields, AnswerShape& shape) {
    auto row = fields.object("row");
    if (!row.is_there()) return;
    shape.row = row.path("path", true).value_or(Path());
    shape.row_absent = read_outcome(row, "absent", Outcome::malformed, false);
    row.finish();
}

}  // namespace

void read_shape(ObjectFields& fields, AnswerShape& shape) {
    read_envelope(fields, shape);
    read_row(fields, shape);
    if (fields.find("row_errors") != nullptr) shape.row_errors = read_rules(fields, "row_errors");
    read_groups(fields, shape);
    read_echo(fields, shape);
    read_currency(fields, shape);
    read_scale(fields, shape);
}

}  // namespace mds::codec

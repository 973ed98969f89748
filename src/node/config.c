#include "node/config.h"

#include "node/nft.h"

#include "base/address.h"
#include "base/money.h"
#include "base/slice.h"
#include "node/args.h"
#include "node/config_low.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

void config_defaults(struct node_config *out)
{
    memset(out, 0, sizeof(*out));
    snprintf(out->domain, sizeof(out->domain), "%s", "localhost");
    snprintf(out->http, sizeof(out->http), "%s", "127.0.0.1:8080");
    snprintf(out->currency, sizeof(out->currency), "%s", "EUR");
    out->is_confined = true;
    out->log_max = UINT64_C(32) << 20;
    out->calls_max = 20000;
    out->bindings_max = 1000000;
    out->accounts_max = 1100000;
    out->memory_max = UINT64_C(1) << 30;
    out->contacts_max = 10;
    out->expires_min_s = 60;
    out->expires_max_s = 3600;
    out->expires_default_s = 3600;
    out->hot_count = route_hot_default(out->hot);
    out->jitter_percent = 10;
    out->ring_max_us = 180 * SECOND;
    out->trunk_silence_us = 3 * SECOND;
    out->call_max_us = 12 * 3600 * SECOND;
    out->probe_after_us = 600 * SECOND;
    out->partial_every_us = 3600 * SECOND;
    out->nonce_age_s = 600;
    out->on_net_first_s = 1;
    out->on_net_next_s = 1;
    out->grace_verified_micro = 500000;
    out->grace_total_micro = 500 * MONEY_MICRO;
    out->idle_us = 60 * SECOND;
    out->hook_patience_us = 15 * SECOND;
    out->hook_retry_us = 5 * SECOND;
    out->hook_attempts_max = 20;
    out->cdr_days = 400;
    out->event_days = 35;
    out->outbox_days = 35;
    out->disk_free_min_percent = 5;
    snprintf(out->digest_order, sizeof(out->digest_order), "%s", "md5-first");
    out->has_bans = true;
    out->ban_first_us = 60 * SECOND;
    out->ban_longest_us = 86400 * SECOND;
    bool is_good = trunk_acl_parse(SLICE("127.0.0.0/8"), &out->allowed[0]) &&
                   trunk_acl_parse(SLICE("::1"), &out->allowed[1]);
    out->allowed_count = is_good ? 2 : 0;
}

bool config_listen_parse(const char *text, struct config_listen *out)
{
    struct config_listen listen;
    struct slice rest = slice_from_text(text);
    memset(&listen, 0, sizeof(listen));
    if (slice_starts_with(rest, SLICE("udp:"))) {
        listen.transport = 0;
    } else if (slice_starts_with(rest, SLICE("tcp:"))) {
        listen.transport = 1;
    } else {
        return false;
    }
    rest = slice_skip(rest, 4);
    struct slice host;
    if (rest.size > 0 && rest.data[0] == '[') {
        size_t end = slice_find(rest, ']');
        if (end + 1 >= rest.size || rest.data[end + 1] != ':') {
            return false;
        }
        host = slice_make(rest.data + 1, end - 1);
        rest = slice_skip(rest, end + 2);
    } else {
        size_t end = slice_find(rest, ':');
        host = slice_head(rest, end);
        rest = end < rest.size ? slice_skip(rest, end + 1) : slice_make(NULL, 0);
    }
    uint64_t port;
    uint8_t address[16];
    if (!slice_to_u64(rest, 65535, &port) ||
        !slice_copy_text(host, listen.host, sizeof(listen.host)) || !address_parse(host, address)) {
        return false;
    }
    listen.port = (uint16_t)port;
    *out = listen;
    return true;
}

/* ---- the keys, as data ---- */

enum key_kind {
    KEY_TEXT = 1, /* into a char field of `size` */
    KEY_INT,      /* int */
    KEY_U32,
    KEY_U16,
    KEY_I64,
    KEY_BYTES,   /* uint64_t; megabytes in the file */
    KEY_SECONDS, /* int64_t microseconds; seconds in the file */
    KEY_BOOL,
    KEY_MONEY,     /* int64_t micro; a string "0.50" */
    KEY_RATE,      /* int64_t nano a minute; a string */
    KEY_LISTEN,    /* list of strings */
    KEY_ADVERTISE, /* list of strings, as many as listen */
    KEY_EMERGENCY,
    KEY_HOT,      /* list of strings */
    KEY_NETWORKS, /* list of strings */
    KEY_LOW       /* list of groups */
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset, size;
    int64_t min, max;
};

#define FIELD(field) offsetof(struct node_config, field), sizeof(((struct node_config *)0)->field)

static const struct key keys[] = {
    {"domain", KEY_TEXT, FIELD(domain), 0, 0},
    {"listen", KEY_LISTEN, FIELD(listen), 0, 0},
    {"advertise", KEY_ADVERTISE, FIELD(listen), 0, 0},
    {"http", KEY_TEXT, FIELD(http), 0, 0},
    {"workers", KEY_INT, FIELD(workers), 0, 32},
    {"user", KEY_TEXT, FIELD(user), 0, 0},
    {"security.confine", KEY_BOOL, FIELD(is_confined), 0, 0},
    {"security.core_dumps", KEY_BOOL, FIELD(has_core_dumps), 0, 0},
    {"log_mb", KEY_BYTES, FIELD(log_max), 1, 100000},
    {"store", KEY_TEXT, FIELD(store), 0, 0},
    {"drill", KEY_BOOL, FIELD(drill), 0, 0},
    {"overload_sibling", KEY_BOOL, FIELD(overload_sibling), 0, 0},
    {"currency", KEY_TEXT, FIELD(currency), 0, 0},
    {"emergency", KEY_EMERGENCY, FIELD(emergency), 0, 0},
    {"digest_order", KEY_TEXT, FIELD(digest_order), 0, 0},
    {"hot", KEY_HOT, FIELD(hot), 0, 0},
    {"bans", KEY_BOOL, FIELD(has_bans), 0, 0},
    {"ban_allow", KEY_NETWORKS, FIELD(allowed), 0, 0},
    {"ban_first", KEY_SECONDS, FIELD(ban_first_us), 1, 86400},
    {"ban_longest", KEY_SECONDS, FIELD(ban_longest_us), 1, 2592000},
    {"ban_nft_set", KEY_TEXT, FIELD(ban_nft_set), 0, 0},
    {"limits.calls", KEY_U32, FIELD(calls_max), 1, 4000000},
    {"limits.bindings", KEY_U32, FIELD(bindings_max), 1, 50000000},
    {"limits.accounts", KEY_U32, FIELD(accounts_max), 1, 50000000},
    {"limits.memory_mb", KEY_BYTES, FIELD(memory_max), 16, 1000000},
    {"registrar.contacts", KEY_INT, FIELD(contacts_max), 1, 10},
    {"registrar.expires_min", KEY_I64, FIELD(expires_min_s), 1, 86400},
    {"registrar.expires_max", KEY_I64, FIELD(expires_max_s), 1, 604800},
    {"registrar.expires_default", KEY_I64, FIELD(expires_default_s), 1, 604800},
    {"registrar.jitter_percent", KEY_INT, FIELD(jitter_percent), 0, 50},
    {"calls.ring_max", KEY_SECONDS, FIELD(ring_max_us), 1, 3600},
    {"calls.trunk_silence", KEY_SECONDS, FIELD(trunk_silence_us), 1, 32},
    {"calls.duration_max", KEY_SECONDS, FIELD(call_max_us), 10, 604800},
    {"calls.probe_after", KEY_SECONDS, FIELD(probe_after_us), 1, 86400},
    {"calls.partial_every", KEY_SECONDS, FIELD(partial_every_us), 1, 86400},
    {"calls.nonce_age", KEY_I64, FIELD(nonce_age_s), 10, 86400},
    {"on_net.price", KEY_RATE, FIELD(on_net_nano_per_min), 0, 0},
    {"on_net.first_increment", KEY_U16, FIELD(on_net_first_s), 1, 65535},
    {"on_net.next_increment", KEY_U16, FIELD(on_net_next_s), 1, 65535},
    {"routing.allow_negative_margin", KEY_BOOL, FIELD(allow_negative_margin), 0, 0},
    {"grace.new", KEY_MONEY, FIELD(grace_new_micro), 0, 0},
    {"grace.verified", KEY_MONEY, FIELD(grace_verified_micro), 0, 0},
    {"grace.flagged", KEY_MONEY, FIELD(grace_flagged_micro), 0, 0},
    {"grace.total", KEY_MONEY, FIELD(grace_total_micro), 0, 0},
    {"leases.idle", KEY_SECONDS, FIELD(idle_us), 1, 86400},
    {"low_balance", KEY_LOW, FIELD(low), 0, 0},
    {"webhook.url", KEY_TEXT, FIELD(hook_url), 0, 0},
    {"webhook.timeout", KEY_SECONDS, FIELD(hook_patience_us), 1, 60},
    {"webhook.retry", KEY_SECONDS, FIELD(hook_retry_us), 1, 3600},
    {"webhook.attempts", KEY_INT, FIELD(hook_attempts_max), 1, 1000},
    {"retention.cdr_days", KEY_INT, FIELD(cdr_days), 1, 36500},
    {"retention.event_days", KEY_INT, FIELD(event_days), 1, 36500},
    {"retention.outbox_days", KEY_INT, FIELD(outbox_days), 1, 36500},
    {"disk_free_min_percent", KEY_INT, FIELD(disk_free_min_percent), 0, 50},
};

struct reader {
    struct node_config *config;
    const char *path;
    char *error;
    size_t error_size;
};

static bool fail(struct reader *reader, const config_setting_t *at, const char *what)
{
    snprintf(reader->error, reader->error_size, "%s:%d: %s", reader->path,
             at == NULL ? 0 : (int)config_setting_source_line(at), what);
    return false;
}

static bool unknown_key(struct reader *reader, const config_setting_t *setting, const char *name)
{
    const char *nearest = keys[0].name;
    for (size_t i = 1; i < ARRAY_COUNT(keys); i++) {
        if (args_distance(name, keys[i].name) < args_distance(name, nearest)) {
            nearest = keys[i].name;
        }
    }
    char what[256];
    snprintf(what, sizeof(what), "unknown key '%s': did you mean '%s'?", name, nearest);
    return fail(reader, setting, what);
}

static bool wrong(struct reader *reader, const config_setting_t *setting, const struct key *key,
                  const char *wanted)
{
    char what[256];
    snprintf(what, sizeof(what), "'%s' must be %s", key->name, wanted);
    return fail(reader, setting, what);
}

static bool read_number(struct reader *reader, const config_setting_t *setting,
                        const struct key *key, int64_t *out)
{
    int type = config_setting_type(setting);
    char wanted[96];
    snprintf(wanted, sizeof(wanted), "a whole number from %lld to %lld", (long long)key->min,
             (long long)key->max);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        return wrong(reader, setting, key, wanted);
    }
    int64_t value = config_setting_get_int64(setting);
    if (value < key->min || value > key->max) {
        return wrong(reader, setting, key, wanted);
    }
    *out = value;
    return true;
}

static bool read_text(struct reader *reader, const config_setting_t *setting, const struct key *key,
                      const char **out)
{
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        return wrong(reader, setting, key, "a text in quotes");
    }
    *out = config_setting_get_string(setting);
    return true;
}

static bool read_listen(struct reader *reader, const config_setting_t *setting,
                        const struct key *key, bool is_advertise)
{
    int count = config_setting_length(setting);
    if (!config_setting_is_aggregate(setting) || count < 1 || count > CONFIG_LISTEN_MAX) {
        return wrong(reader, setting, key, "a list of 1 to 16 texts");
    }
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        const char *text = NULL;
        if (!read_text(reader, element, key, &text)) {
            return false;
        }
        struct config_listen *listen = &reader->config->listen[i];
        if (is_advertise) {
            if (!slice_copy_text(slice_from_text(text), listen->advertised,
                                 sizeof(listen->advertised))) {
                return wrong(reader, element, key, "texts of up to 63 characters");
            }
        } else if (!config_listen_parse(text, listen)) {
            return wrong(reader, element, key, "like \"udp:192.0.2.1:5060\" or \"tcp:[::1]:5060\"");
        }
    }
    if (!is_advertise) {
        reader->config->listen_count = count;
    }
    return true;
}

static bool read_emergency(struct reader *reader, const config_setting_t *setting,
                           const struct key *key)
{
    int count = config_setting_length(setting);
    if (!config_setting_is_aggregate(setting) || count > CONFIG_EMERGENCY_MAX) {
        return wrong(reader, setting, key, "a list of up to 16 numbers as texts");
    }
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        const char *text = NULL;
        if (!read_text(reader, element, key, &text)) {
            return false;
        }
        if (!slice_copy_text(slice_from_text(text), reader->config->emergency[i], NUMBER_SIZE)) {
            return wrong(reader, element, key, "numbers of up to 23 digits");
        }
    }
    reader->config->emergency_count = count;
    return true;
}

/* Prefixes of numbers that fraud likes to call. */
static bool read_hot(struct reader *reader, const config_setting_t *setting, const struct key *key)
{
    int count = config_setting_length(setting);
    if (!config_setting_is_aggregate(setting) || count > ROUTE_HOT_MAX) {
        return wrong(reader, setting, key, "a list of up to 64 prefixes as texts");
    }
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        const char *text = NULL;
        if (!read_text(reader, element, key, &text)) {
            return false;
        }
        if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text) ||
            !slice_copy_text(slice_from_text(text), reader->config->hot[i], ROUTE_HOT_SIZE)) {
            return wrong(reader, element, key, "prefixes of up to 15 digits");
        }
    }
    reader->config->hot_count = count;
    return true;
}

static bool read_networks(struct reader *reader, const config_setting_t *setting,
                          const struct key *key)
{
    int count = config_setting_length(setting);
    if (!config_setting_is_aggregate(setting) || count > CONFIG_ALLOWED_MAX) {
        return wrong(reader, setting, key, "a list of up to 32 networks as texts");
    }
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        const char *text = NULL;
        if (!read_text(reader, element, key, &text)) {
            return false;
        }
        if (!trunk_acl_parse(slice_from_text(text), &reader->config->allowed[i])) {
            return wrong(reader, element, key, "like \"192.0.2.0/24\" or \"2001:db8::/32\"");
        }
    }
    reader->config->allowed_count = count;
    return true;
}

static bool read_low(struct reader *reader, const config_setting_t *setting, const struct key *key)
{
    const config_setting_t *at = setting;
    const char *wanted = config_low_read(setting, reader->config, &at);
    return wanted == NULL || wrong(reader, at, key, wanted);
}

static bool read_key(struct reader *reader, const config_setting_t *setting, const struct key *key)
{
    char *field = (char *)reader->config + key->offset;
    const char *text = NULL;
    int64_t number = 0;
    switch (key->kind) {
    case KEY_LISTEN:
    case KEY_ADVERTISE:
        return read_listen(reader, setting, key, key->kind == KEY_ADVERTISE);
    case KEY_EMERGENCY:
        return read_emergency(reader, setting, key);
    case KEY_HOT:
        return read_hot(reader, setting, key);
    case KEY_NETWORKS:
        return read_networks(reader, setting, key);
    case KEY_LOW:
        return read_low(reader, setting, key);
    case KEY_BOOL:
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
            return wrong(reader, setting, key, "true or false");
        }
        *(bool *)field = config_setting_get_bool(setting) != 0;
        return true;
    case KEY_TEXT:
        if (!read_text(reader, setting, key, &text)) {
            return false;
        }
        if (!slice_copy_text(slice_from_text(text), field, key->size)) {
            return wrong(reader, setting, key, "a shorter text");
        }
        return true;
    case KEY_MONEY:
    case KEY_RATE: {
        if (!read_text(reader, setting, key, &text)) {
            return false;
        }
        struct slice amount = slice_from_text(text);
        bool is_money = key->kind == KEY_MONEY ? money_parse(amount, &number)
                                               : money_parse_nano(amount, &number);
        if (!is_money || number < 0) {
            return wrong(reader, setting, key, "an amount in quotes, like \"0.50\"");
        }
        memcpy(field, &number, sizeof(number));
        return true;
    }
    case KEY_INT:
    case KEY_U32:
    case KEY_U16:
    case KEY_I64:
    case KEY_BYTES:
    case KEY_SECONDS:
        break;
    }
    if (!read_number(reader, setting, key, &number)) {
        return false;
    }
    if (key->kind == KEY_INT) {
        *(int *)(void *)field = (int)number;
    } else if (key->kind == KEY_U32) {
        *(uint32_t *)(void *)field = (uint32_t)number;
    } else if (key->kind == KEY_U16) {
        *(uint16_t *)(void *)field = (uint16_t)number;
    } else {
        int64_t unit = key->kind == KEY_BYTES ? 1 << 20 : key->kind == KEY_SECONDS ? SECOND : 1;
        number *= unit;
        memcpy(field, &number, sizeof(number));
    }
    return true;
}

static bool read_group(struct reader *reader, const config_setting_t *group, const char *prefix)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        char name[128];
        snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".",
                 config_setting_name(setting));
        if (config_setting_is_group(setting) && prefix[0] == '\0') {
            if (!read_group(reader, setting, name)) {
                return false;
            }
            continue;
        }
        const struct key *found = NULL;
        for (size_t at = 0; at < ARRAY_COUNT(keys); at++) {
            found = strcmp(keys[at].name, name) == 0 ? &keys[at] : found;
        }
        if (found == NULL) {
            return unknown_key(reader, setting, name);
        }
        if (!read_key(reader, setting, found)) {
            return false;
        }
    }
    return true;
}

bool config_digest_offer(const char *order, int *offer)
{
    static const char *const orders[] = {"md5-first", "sha-256-first", "md5", "sha-256"};
    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        if (strcmp(order, orders[i]) == 0) {
            *offer = (int)i;
            return true;
        }
    }
    return false;
}

static bool check_whole(struct reader *reader)
{
    int offer;
    if (!config_digest_offer(reader->config->digest_order, &offer)) {
        return fail(reader, NULL,
                    "'digest_order' must be \"md5-first\", \"sha-256-first\", \"md5\" or "
                    "\"sha-256\"");
    }
    const struct node_config *config = reader->config;
    if (config->listen_count == 0) {
        return fail(reader, NULL, "'listen' is missing: name at least one address");
    }
    if (config->expires_min_s > config->expires_max_s ||
        config->expires_default_s > config->expires_max_s ||
        config->expires_default_s < config->expires_min_s) {
        return fail(reader, NULL,
                    "registrar: expires_min <= expires_default <= expires_max must hold");
    }
    if (config->ban_nft_set[0] != '\0' && !nft_set_is_good(config->ban_nft_set)) {
        return fail(reader, NULL,
                    "'ban_nft_set' must name a table and a set: \"inet filter dialtone_bans\"");
    }
    if (config->hook_url[0] != '\0' && strncmp(config->hook_url, "https://", 8) != 0 &&
        strncmp(config->hook_url, "http://", 7) != 0) {
        return fail(reader, NULL, "'webhook.url' must begin with https:// or http://");
    }
    if (strlen(config->currency) != 3) {
        return fail(reader, NULL, "'currency' must be three letters, like \"EUR\"");
    }
    return true;
}

bool config_load(const char *dir, struct node_config *out, char *error, size_t error_size)
{
    char path[1024];
    config_t file;
    struct node_config loaded;
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    config_defaults(&loaded);
    config_init(&file);
    struct reader reader = {&loaded, path, error, error_size};
    bool is_good = config_read_file(&file, path) == CONFIG_TRUE;
    if (!is_good) {
        if (config_error_type(&file) == CONFIG_ERR_FILE_IO) {
            snprintf(error, error_size,
                     "%s cannot be read: make the directory with `dialtone init %s`", path, dir);
        } else {
            snprintf(error, error_size, "%s:%d: %s", path, config_error_line(&file),
                     config_error_text(&file));
        }
    } else {
        is_good = read_group(&reader, config_root_setting(&file), "") && check_whole(&reader);
    }
    config_destroy(&file);
    if (is_good) {
        *out = loaded;
    }
    return is_good;
}

#include "base/money.h"
#include "node/config_edit.h"
#include "node/init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_SIZE_MAX 16384

bool init_write_file(const char *dir, const char *name, const char *text)
{
    char why[1200];
    if (!config_write_file(dir, name, text, why, sizeof(why))) {
        fprintf(stderr, "dialtone init: %s\n", why);
        return false;
    }
    return true;
}

static void write_listen(struct buf *out, const struct init_options *options)
{
    static const char *const usual[] = {"udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"};
    int count = options->listen_count == 0 ? 2 : options->listen_count;
    buf_text(out, "listen = [");
    for (int i = 0; i < count; i++) {
        buf_printf(out, "%s\"%s\"", i == 0 ? "" : ", ",
                   options->listen_count == 0 ? usual[i] : options->listen[i]);
    }
    buf_text(out, "];\n");
}

static void write_head(struct buf *out, const struct init_options *options)
{
    buf_printf(out,
               "# dialtone.conf - read when dialtone starts; `dialtone check %s` tests it.\n"
               "# A line that begins with '#' shows what holds without it. Accounts, endpoints,\n"
               "# trunks, numbers, routes and decks are not here: see `dialtone help`.\n\n"
               "# The SIP domain. It is part of every endpoint's stored password: a change makes\n"
               "# all of them wrong.\n"
               "domain = \"%s\";\n\n"
               "# Where SIP is taken: udp: or tcp:, an address of this machine (IPv6 in "
               "brackets), a port.\n",
               options->dir, options->domain);
    write_listen(out, options);
    buf_printf(out,
               "# What the others are told, one for each of the above, where that differs.\n"
               "# advertise = [\"192.0.2.1:5060\", \"192.0.2.1:5060\"];\n\n"
               "# API and console. Put a proxy that speaks TLS in front before you open it to a "
               "network.\n"
               "http = \"%s\";\n\n"
               "# Threads that carry calls; 0: one for each processor.\n"
               "# workers = 0;\n\n",
               options->http);
}

static void write_numbers(struct buf *out, const struct init_options *options)
{
    buf_text(out, "# Numbers that are always connected, whatever the account's state or balance: "
                  "name those\n# of your country. Trunks with --emergency yes take them first.\n"
                  "emergency = [\"112\", \"911\"];\n\n");
    buf_text(out,
             "# Destinations that fraud likes: closed to every account that did not open them\n"
             "# (`dialtone account set NAME --hot-open PREFIXES`). These are the default.\n"
             "# hot = [\"881\", \"882\", \"883\", \"979\", \"1900\"];\n\n");
    buf_text(out, "# Currency of the price between endpoints.\n"
                  "# currency = \"EUR\";\n\n"
                  "# Calls between endpoints: price a minute, and the seconds charged at least and "
                  "then at a time.\n");
    bool has_price = options->is_demo || options->load_users > 0;
    int64_t price_nano = options->load_users > 0 ? options->load_price_nano
                         : options->is_demo      ? 10 * MONEY_MICRO
                                                 : 0;
    buf_text(out, has_price ? "" : "# ");
    buf_text(out, "on_net = { price = \"");
    money_write_nano(out, price_nano);
    buf_text(out, "\"; first_increment = 1; next_increment = 1; };\n\n");
}

static void write_limits(struct buf *out, const struct init_options *options)
{
    uint64_t bindings = 1000000;
    buf_text(out, "# Ceilings, fixed at start: memory is set aside for them.\n");
    if (options->load_users > bindings) {
        bindings = options->load_users;
        buf_printf(out, "limits = { bindings = %llu; accounts = %llu; };\n\n",
                   (unsigned long long)bindings, (unsigned long long)bindings + 100000);
    } else {
        buf_text(out, "# limits = { calls = 20000; bindings = 1000000; accounts = 1100000; "
                      "memory_mb = 1024; };\n\n");
    }
    buf_text(out,
             "# Seconds, but for contacts (of one user) and jitter (percent taken off at random).\n"
             "# registrar = { contacts = 10; expires_min = 60; expires_max = 3600;\n"
             "#     expires_default = 3600; jitter_percent = 10; };\n\n"
             "# Seconds: unanswered; a trunk that says nothing is left; the longest call; silence\n"
             "# after which a call is probed; a record is written in mid-call; age of a nonce.\n"
             "# calls = { ring_max = 180; trunk_silence = 3; duration_max = 43200; probe_after = "
             "600;\n"
             "#     partial_every = 3600; nonce_age = 600; };\n\n"
             "# true: a call may be sold below what the trunk costs.\n"
             "# routing = { allow_negative_margin = false; };\n\n");
}

static void write_money(struct buf *out)
{
    buf_text(
        out,
        "# What an account may overspend here while the ledger does not answer, by its class,\n"
        "# and all accounts together: the most that can be lost.\n"
        "# grace = { new = \"0\"; verified = \"0.50\"; flagged = \"0\"; total = \"500\"; };\n\n"
        "# Seconds after which money set aside for an account that is idle is given back.\n"
        "# leases = { idle = 60; };\n\n"
        "# When an account has less left to spend than this (and has no threshold of its own),\n"
        "# that is told: docs/money.md. With topup_max the server's answer may add money, up to "
        "so\n"
        "# much at once, and to one account up to topup_day within a day.\n"
        "# low_balance = ( { currency = \"EUR\"; below = \"5.00\"; topup_max = \"50.00\";\n"
        "#     topup_day = \"100.00\"; } );\n"
        "# The server that is told by POST, signed with secrets/webhook.key; seconds for its "
        "answer,\n"
        "# the first pause before it is tried again, and how often it is tried.\n"
        "# webhook = { url = \"https://billing.example.org/dialtone\"; timeout = 15; retry = 5;\n"
        "#     attempts = 20; };\n\n"
        "# How long records are kept.\n"
        "# retention = { cdr_days = 400; event_days = 35; outbox_days = 35; };\n\n"
        "# Below this much free disk only money and calls are written.\n"
        "# disk_free_min_percent = 5;\n\n"
        "# Who to be when root starts it (for a port below 1024, say); without it, the owner\n"
        "# of this directory.\n"
        "# user = \"dialtone\";\n\n"
        "# Each role reaches only this directory and makes only the system calls it needs; a\n"
        "# crash leaves no copy of its memory, where keys are.\n"
        "# security = { confine = true; core_dumps = false; };\n\n"
        "# Megabytes of a role's log; one more of that size is kept.\n"
        "# log_mb = 32;\n\n"
        "# true: under overload calls are refused with 503, so that they go to another site; else\n"
        "# with 500, so that they come back here.\n"
        "# overload_sibling = false;\n\n"
        "# A PostgreSQL database instead of the file dialtone.db; its password stands in\n"
        "# DIR/store.password (docs/databases.md).\n"
        "# store = \"postgresql://dialtone@192.0.2.10,192.0.2.11/dialtone\";\n"
        "# true: DIR/drill.faults makes the database slow, failing or full. For drills "
        "only.\n"
        "# drill = false;\n");
}

static void write_store(struct buf *out, const struct init_options *options)
{
    if (options->store != NULL) {
        buf_printf(out, "store = \"%s\";\n", options->store);
    }
}

bool init_write_conf(const struct init_options *options)
{
    char *text = malloc(CONF_SIZE_MAX);
    if (text == NULL) {
        return false;
    }
    struct buf out;
    buf_init(&out, text, CONF_SIZE_MAX - 1);
    write_head(&out, options);
    write_numbers(&out, options);
    write_limits(&out, options);
    write_money(&out);
    write_store(&out, options);
    text[out.size] = '\0';
    bool is_written = !out.is_full && init_write_file(options->dir, "dialtone.conf", text);
    free(text);
    return is_written;
}

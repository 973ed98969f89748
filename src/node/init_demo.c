/* init_demo.c - something to look at: two customers, their phones, a carrier, prices, and the files
 * by which demo phones play all of it on loopback. */
#include "base/money.h"
#include "node/init.h"
#include "rating/deck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTOR "init"
#define CARRIER_HOST "127.0.0.2" /* an address of its own: its trunk is known by it */
#define PORT_USUAL 5060
#define TEXT_MAX 8192

/* Numbers from the range that the German regulator keeps for films. */
#define NUMBER_ALICE "493023125001"
#define NUMBER_BOB "493023125002"
#define NUMBER_CAROL "493023125003"
#define NUMBER_YOU "493023125004"

static const char retail_csv[] =
    "prefix,description,rate,connection_fee,first_increment,next_increment\n"
    "1,\"United States, Canada\",0.024,0,6,6\n"
    "33,France,0.03,0,1,1\n"
    "336,France mobile,0.12,0,1,1\n"
    "43,Austria,0.04,0,1,1\n"
    "44,United Kingdom,0.03,0,1,1\n"
    "447,United Kingdom mobile,0.09,0.01,1,1\n"
    "49,Germany,0.02,0,1,1\n"
    "4915,Germany mobile,0.12,0,60,1\n"
    "4916,Germany mobile,0.12,0,60,1\n"
    "4917,Germany mobile,0.12,0,60,1\n"
    "4930,\"Germany, Berlin\",0.018,0,1,1\n"
    "49900,Germany premium,2.00,0.50,60,60\n"
    "8835,International networks,4.00,0.10,60,60\n";

static const char supplier_csv[] =
    "prefix,description,rate,connection_fee,first_increment,next_increment\n"
    "1,\"United States, Canada\",0.009,0,6,6\n"
    "33,France,0.011,0,1,1\n"
    "336,France mobile,0.07,0,1,1\n"
    "43,Austria,0.018,0,1,1\n"
    "44,United Kingdom,0.010,0,1,1\n"
    "447,United Kingdom mobile,0.05,0,1,1\n"
    "49,Germany,0.009,0,1,1\n"
    "4915,Germany mobile,0.06,0,60,1\n"
    "4916,Germany mobile,0.06,0,60,1\n"
    "4917,Germany mobile,0.06,0,60,1\n"
    "49900,Germany premium,1.50,0.40,60,60\n"
    "8835,International networks,3.20,0.10,60,60\n";

struct demo {
    struct init *init;
    uint32_t retail, supplier; /* decks */
    struct account acme, bravo;
    char alice[INIT_PASSWORD_SIZE], bob[INIT_PASSWORD_SIZE], carol[INIT_PASSWORD_SIZE];
    char you[INIT_PASSWORD_SIZE];
    struct config_listen proxy; /* where the phones register */
};

static bool import_deck(struct init *init, const char *name, const char *csv, uint32_t *id)
{
    struct deck_terms terms = {.currency = "EUR", .rounding = MONEY_HALF_UP};
    struct deck_build *build = calloc(1, sizeof(*build));
    bool is_made =
        build != NULL &&
        init_is_stored(init, config_deck_next(init->store, name, &terms.id, &terms.version),
                       name) &&
        deck_compile(slice_from_text(csv), &terms, build);
    if (is_made) {
        struct deck_row row = {.id = terms.id,
                               .deck_version = terms.version,
                               .currency = "EUR",
                               .rounding = (uint8_t)terms.rounding,
                               .prefix_count = build->prefix_count,
                               .object_size = build->object_size};
        snprintf(row.name, sizeof(row.name), "%s", name);
        is_made =
            init_is_stored(init, config_put_deck(init->store, &row, build->object, ACTOR), name);
        *id = terms.id;
    }
    if (build != NULL) {
        deck_build_done(build);
    }
    free(build);
    return is_made;
}

static bool put_number(struct demo *demo, const char *digits, const char *user)
{
    struct number row = {.account_id = demo->acme.id, .target = NUMBER_TO_ENDPOINT};
    snprintf(row.digits, sizeof(row.digits), "%s", digits);
    snprintf(row.endpoint_user, sizeof(row.endpoint_user), "%s", user);
    return init_is_stored(demo->init, config_put_number(demo->init->store, &row, ACTOR), digits);
}

/* The dear call of the demo goes to a destination that is closed unless an account opens it. */
static bool open_networks(struct demo *demo)
{
    snprintf(demo->bravo.hot_open, sizeof(demo->bravo.hot_open), "8835");
    return init_is_stored(demo->init, config_put_account(demo->init->store, &demo->bravo, ACTOR),
                          "an account");
}

static bool put_people(struct demo *demo)
{
    struct init *init = demo->init;
    return init_account(init, "acme", 25 * MONEY_MICRO, demo->retail, &demo->acme) &&
           init_account(init, "bravo", 10 * MONEY_MICRO, demo->retail, &demo->bravo) &&
           open_networks(demo) &&
           init_endpoint(init, demo->acme.id, "alice", NUMBER_ALICE, demo->alice) &&
           init_endpoint(init, demo->acme.id, "bob", NUMBER_BOB, demo->bob) &&
           init_endpoint(init, demo->bravo.id, "carol", NUMBER_CAROL, demo->carol) &&
           init_endpoint(init, demo->acme.id, "you", NUMBER_YOU, demo->you) &&
           put_number(demo, NUMBER_ALICE, "alice") && put_number(demo, NUMBER_YOU, "you");
}

static uint16_t carrier_port(const struct demo *demo)
{
    return (uint16_t)(demo->proxy.port < 65000 ? demo->proxy.port + 10 : 5070);
}

static bool put_carrier(struct demo *demo)
{
    struct store *store = demo->init->store;
    struct trunk trunk = {.name = "carrier",
                          .host = CARRIER_HOST,
                          .port = carrier_port(demo),
                          .transport = TRUNK_UDP,
                          .takes_emergency = true,
                          .acl_count = 1,
                          .cost_deck = demo->supplier,
                          .channels_max = NO_LIMIT,
                          .cps_max = NO_LIMIT};
    if (!trunk_acl_parse(SLICE(CARRIER_HOST), &trunk.acl[0]) ||
        !init_is_stored(demo->init, config_put_trunk(store, &trunk, ACTOR), "the trunk")) {
        return false;
    }
    struct route_row route = {.trunk_id = trunk.id, .priority = 10, .weight = 1};
    return init_is_stored(demo->init, config_put_route(store, &route, ACTOR), "the route");
}

/* ---- the files of the demo phones ---- */

static void write_proxy(struct buf *out, const struct config_listen *proxy)
{
    buf_printf(out, strchr(proxy->host, ':') != NULL ? "[%s]:%u" : "%s:%u", proxy->host,
               proxy->port);
}

static void write_common(struct buf *out, const struct demo *demo, const char *bind)
{
    buf_text(out, "registrar ");
    write_proxy(out, &demo->proxy);
    buf_printf(out, "\ndomain %s\nbind %s\naudio on\n\n", demo->init->options->domain, bind);
}

static bool write_phones(const struct demo *demo)
{
    char text[TEXT_MAX];
    struct buf out;
    buf_init(&out, text, sizeof(text) - 1);
    buf_text(&out, "# The customers' phones, for dialtone-phones.\n");
    write_common(&out, demo, "127.0.0.1");
    buf_printf(&out,
               "phone alice password %s answers after 1s\n"
               "phone bob password %s answers after 2s\n"
               "phone carol password %s answers after 1s\n"
               "rule bob to %s answers after 1s hangs up after 20s\n\n",
               demo->alice, demo->bob, demo->carol, "bob");
    buf_text(&out, "calls alice to 03042123 every 25s for 15s        # Berlin, by the carrier\n"
                   "calls bob to 00447700900123 every 40s for 22s    # a mobile in Britain\n"
                   "calls carol to alice every 35s for 12s           # stays on the network\n"
                   "calls alice to 004930555099 every 90s for 5s     # busy\n"
                   "calls carol to 00883510000 every 120s for 10s    # dear\n"
                   "calls bob to 0088888 every 75s for 5s            # no price, so refused\n");
    text[out.size] = '\0';
    return !out.is_full && init_write_file(demo->init->options->dir, "phones.conf", text);
}

static bool write_carrier(const struct demo *demo)
{
    char text[TEXT_MAX];
    struct buf out;
    buf_init(&out, text, sizeof(text) - 1);
    buf_text(&out, "# The carrier that takes the calls out and brings calls in, for "
                   "dialtone-phones.\n");
    write_common(&out, demo, CARRIER_HOST);
    buf_printf(&out,
               "carrier carrier port %u answers after 2s\n"
               "rule carrier to 99 busy\n"
               "rule carrier to 98 silent\n\n"
               "calls carrier to " NUMBER_ALICE " every 60s for 10s   # inbound, to alice\n",
               carrier_port(demo));
    text[out.size] = '\0';
    return !out.is_full && init_write_file(demo->init->options->dir, "carrier.conf", text);
}

/* What a visitor needs, kept so that a second start can show it again. */
static bool write_login(const struct demo *demo)
{
    char text[TEXT_MAX];
    struct buf out;
    buf_init(&out, text, sizeof(text) - 1);
    buf_printf(&out, "Console     http://%s/\n", demo->init->options->http);
    buf_printf(&out, "  log in    admin, password %s\n", demo->init->operator_password);
    buf_text(&out, "Your own softphone\n  server    ");
    write_proxy(&out, &demo->proxy);
    buf_printf(&out,
               " (UDP or TCP), domain %s\n"
               "  user      you, password %s\n"
               "  call      alice, bob, carol, or 030 42123 (the carrier answers any number)\n"
               "  your own  " NUMBER_YOU "\n",
               demo->init->options->domain, demo->you);
    text[out.size] = '\0';
    return !out.is_full && init_write_file(demo->init->options->dir, "demo.txt", text);
}

static bool find_proxy(struct demo *demo)
{
    const struct init_options *options = demo->init->options;
    const char *first = options->listen_count == 0 ? "udp:127.0.0.1:5060" : options->listen[0];
    return config_listen_parse(first, &demo->proxy);
}

bool init_demo(struct init *init)
{
    struct demo demo = {.init = init};
    return find_proxy(&demo) && import_deck(init, "retail", retail_csv, &demo.retail) &&
           import_deck(init, "supplier", supplier_csv, &demo.supplier) && put_people(&demo) &&
           put_carrier(&demo) && write_phones(&demo) && write_carrier(&demo) && write_login(&demo);
}

/* cli_kinds.c - which kinds of rows the command line knows, their options and how they are shown.
 */
#include "node/cli_rows.h"

#define END_COLUMNS                                                                                \
    {                                                                                              \
        NULL, NULL, CLI_TEXT                                                                       \
    }
#define COMMON COMMAND_DIR, COMMAND_JSON, COMMAND_HELP, COMMAND_END
#define GROUP "Customers and carriers"

static const struct args_known plain[] = {COMMON};
static const struct args_known list_known[] = {
    ARG("--max", "COUNT", "at most so many (100)"),
    ARG("--account", "NAME", "only those of this account"),
    COMMON,
};

/* A command of a kind: its verb, one line, what stands after the verb, its options. */
#define ROWS(verb_, what_, words_, help_, options_, run_)                                          \
    {                                                                                              \
        .name = NOUN " " verb_, .group = GROUP, .what = what_, .usage = NOUN " " verb_ words_,     \
        .help = help_, .options = options_, .ctx = &KIND, .run = run_                              \
    }

/* ---- accounts ---- */

static const struct cli_column account_list[] = {
    {"ACCOUNT", "name", CLI_TEXT},
    {"BALANCE", "balance.balance", CLI_MONEY},
    {"SET ASIDE", "balance.leased", CLI_MONEY},
    {"CURRENCY", "currency", CLI_TEXT},
    {"KIND", "kind", CLI_TEXT},
    {"CLASS", "class", CLI_TEXT},
    {"PRICES", "sell_deck", CLI_DECK},
    {"SUSPENDED", "is_suspended", CLI_TEXT},
    {"PARENT", "parent", CLI_ACCOUNT},
    END_COLUMNS,
};
static const struct cli_column account_show[] = {
    {"account", "name", CLI_TEXT},
    {"id", "id", CLI_TEXT},
    {"sub-account of", "parent", CLI_ACCOUNT},
    {"balance", "balance.balance", CLI_MONEY},
    {"set aside for calls", "balance.leased", CLI_MONEY},
    {"available", "balance.available", CLI_MONEY},
    {"locked", "balance.locked", CLI_MONEY},
    {"currency", "currency", CLI_TEXT},
    {"kind", "kind", CLI_TEXT},
    {"class", "class", CLI_TEXT},
    {"credit limit", "limit", CLI_MONEY},
    {"grace", "grace", CLI_MONEY},
    {"calls at once", "channels_max", CLI_TEXT},
    {"calls a second", "cps_max", CLI_TEXT},
    {"spend a day", "spend_day_max", CLI_MONEY},
    {"spend a minute (0: no limit)", "spend_minute_max", CLI_MONEY},
    {"dearest price a minute (0: no limit)", "price_max", CLI_MONEY},
    {"told of below (own; 0: never)", "low_balance", CLI_MONEY},
    {"told of below (in force)", "balance.low_below", CLI_MONEY},
    {"is below", "balance.is_low", CLI_TEXT},
    {"hot destinations open", "hot_open", CLI_TEXT},
    {"prices", "sell_deck", CLI_DECK},
    {"prices of inbound calls", "inbound_deck", CLI_DECK},
    {"zone of its windows (none: the deck's)", "time_zone", CLI_TEXT},
    {"country code", "country_code", CLI_TEXT},
    {"national prefix", "national_prefix", CLI_TEXT},
    {"international prefix", "international_prefix", CLI_TEXT},
    {"suspended", "is_suspended", CLI_TEXT},
    {"suspended by", "suspended_by", CLI_TEXT},
    {"suspended because", "suspended_why", CLI_TEXT},
    {"suspended until", "wall_suspended_until_us", CLI_TIME},
    END_COLUMNS,
};
#define ACCOUNT_OPTIONS                                                                            \
    ARG_MEMBER("--kind", "prepaid|postpaid", "who pays first (prepaid)", "kind", ARGS_TEXT),       \
        ARG_MEMBER("--parent", "NAME|none", "it is a sub-account of that one", "parent",           \
                   ARGS_TEXT_OR_NULL),                                                             \
        ARG_MEMBER("--class", "new|verified|flagged", "how far it is trusted (new)", "class",      \
                   ARGS_TEXT),                                                                     \
        ARG_MEMBER("--limit", "AMOUNT", "credit limit of a postpaid account", "limit", ARGS_TEXT), \
        ARG_MEMBER("--grace", "AMOUNT|none",                                                       \
                   "what it may overspend while the ledger is silent (none: its class's)",         \
                   "grace", ARGS_TEXT_OR_NULL),                                                    \
        ARG_MEMBER("--channels", "COUNT|none", "calls at once", "channels_max",                    \
                   ARGS_COUNT_OR_NULL),                                                            \
        ARG_MEMBER("--cps", "COUNT|none", "calls started a second", "cps_max",                     \
                   ARGS_COUNT_OR_NULL),                                                            \
        ARG_MEMBER("--spend-day", "AMOUNT|none", "spent a day at most", "spend_day_max",           \
                   ARGS_TEXT_OR_NULL),                                                             \
        ARG_MEMBER("--spend-minute", "AMOUNT", "spent a minute at most (0: no limit)",             \
                   "spend_minute_max", ARGS_TEXT),                                                 \
        ARG_MEMBER("--price-max", "AMOUNT", "dearest price a minute (0: no limit)", "price_max",   \
                   ARGS_TEXT),                                                                     \
        ARG_MEMBER("--low-balance", "AMOUNT|none",                                                 \
                   "told of when less is left (0: never; none: as dialtone.conf says)",            \
                   "low_balance", ARGS_TEXT_OR_NULL),                                              \
        ARG_MEMBER("--hot-open", "PREFIXES|all", "hot destinations that it may call: 882,979",     \
                   "hot_open", ARGS_TEXT),                                                         \
        ARG_MEMBER("--sell-deck", "NAME|none", "its prices; without, only on-net calls",           \
                   "sell_deck", ARGS_TEXT_OR_NULL),                                                \
        ARG_MEMBER("--inbound-deck", "NAME|none", "its prices for calls to its numbers",           \
                   "inbound_deck", ARGS_TEXT_OR_NULL),                                             \
        ARG_MEMBER("--time-zone", "Europe/Berlin", "of windows in its prices (the deck's)",        \
                   "time_zone", ARGS_TEXT),                                                        \
        ARG_MEMBER("--country-code", "DIGITS", "so that 0... is dialled as at home: 49",           \
                   "country_code", ARGS_TEXT),                                                     \
        ARG_MEMBER("--national-prefix", "DIGITS", "0", "national_prefix", ARGS_TEXT),              \
        ARG_MEMBER("--international-prefix", "DIGITS", "00", "international_prefix", ARGS_TEXT),   \
        COMMON
static const struct args_known account_list_known[] = {
    ARG("--max", "COUNT", "at most so many (100)"),
    ARG("--account", "NAME", "that one only"),
    ARG("--parent", "NAME", "its sub-accounts"),
    COMMON,
};
static const struct args_known account_add_known[] = {
    ARG_MEMBER("--currency", "EUR", "three letters; needed", "currency", ARGS_TEXT),
    ACCOUNT_OPTIONS,
};
static const struct args_known account_set_known[] = {
    ARG_MEMBER("--name", "NAME", "a new name", "name", ARGS_TEXT),
    ARG_MEMBER("--currency", "EUR", "as long as it has no entries", "currency", ARGS_TEXT),
    ACCOUNT_OPTIONS,
};
static const struct args_known suspend_known[] = {
    ARG("--why", "TEXT", "kept with the account; of a rule: its evidence"),
    ARG("--rule", "NAME", "a rule does it, and not you: it ends by itself"),
    ARG("--for", "SECONDS", "so long the rule's evidence is good; say it again to go on"),
    COMMON,
};
static const struct cli_kind account_kind = {"account", "/v1/accounts", "name", account_list,
                                             account_show};
#define NOUN "account"
#define KIND account_kind
const struct command cli_account_commands[] = {
    ROWS("list", "accounts and their balances", "", NULL, account_list_known, cli_rows_list),
    ROWS("show", "one account", " NAME", NULL, plain, cli_rows_show),
    ROWS("add", "make an account", " NAME --currency EUR [OPTIONS]",
         "Then give it prices (`deck import`, --sell-deck), money (`topup`) and devices\n"
         "(`endpoint add`). The first balance is 0.",
         account_add_known, cli_rows_add),
    ROWS("set", "change an account", " NAME OPTIONS",
         "Only what is named changes, in force within a second, for calls in progress too.",
         account_set_known, cli_rows_set),
    ROWS("suspend", "refuse its calls, by a named person or rule, for a reason",
         " NAME --why TEXT [--rule RULE --for SECONDS]",
         "Its calls in progress go on; emergency calls are connected all the same. A program that\n"
         "watches for fraud says --rule and --for, and again while its evidence stands: the\n"
         "suspension then ends by itself. Rules suspend 5 accounts, or 1 % of all, in ten minutes "
         "at\nthe most; beyond that it is refused and an alarm is kept.",
         suspend_known, cli_rows_suspension),
    ROWS("resume", "end a suspension", " NAME", NULL, plain, cli_rows_suspension),
    ROWS("remove", "remove an account without devices, numbers and money", " NAME", NULL, plain,
         cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

/* ---- endpoints ---- */

static const struct cli_column endpoint_list[] = {
    {"USER", "user", CLI_TEXT},
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"NUMBERS", "identities", CLI_TEXT},
    {"NAME", "display", CLI_TEXT},
    {"DISABLED", "is_disabled", CLI_TEXT},
    END_COLUMNS,
};
static const struct cli_column endpoint_show[] = {
    {"user", "user", CLI_TEXT},
    {"account", "account_id", CLI_ACCOUNT},
    {"numbers", "identities", CLI_TEXT},
    {"name", "display", CLI_TEXT},
    {"disabled", "is_disabled", CLI_TEXT},
    {"digest", "digest", CLI_TEXT},
    END_COLUMNS,
};
#define ENDPOINT_OPTIONS                                                                           \
    ARG_MEMBER("--account", "NAME", "who pays", "account", ARGS_TEXT),                             \
        ARG_SECRET("--password", "TEXT", "6 bytes or more; only its digest is stored",             \
                   "password"),                                                                    \
        ARG_SECRET_FILE("--password-file", "--password"),                                          \
        ARG_MEMBER("--display", "TEXT", "for people", "display", ARGS_TEXT),                       \
        ARG_MEMBER("--identity", "NUMBER",                                                         \
                   "a number it may call as; several times, the first is shown to carriers",       \
                   "identities", ARGS_LIST),                                                       \
        ARG_MEMBER("--disabled", "yes|no", "refuse its registrations and calls", "is_disabled",    \
                   ARGS_YES_NO),                                                                   \
        ARG_MEMBER("--digest", "any|sha-256", "sha-256: what it proves by MD5 opens nothing",      \
                   "digest", ARGS_TEXT),                                                           \
        COMMON
static const struct args_known endpoint_known[] = {ENDPOINT_OPTIONS};
static const struct cli_kind endpoint_kind = {"endpoint", "/v1/endpoints", "user", endpoint_list,
                                              endpoint_show};
#define NOUN "endpoint"
#define KIND endpoint_kind
const struct command cli_endpoint_commands[] = {
    ROWS("list", "devices with credentials", " [--account NAME]", NULL, list_known, cli_rows_list),
    ROWS("show", "one endpoint, and what is registered", " USER", NULL, plain,
         cli_rows_endpoint_show),
    ROWS("add", "make an endpoint", " USER --account NAME [OPTIONS]",
         "Without --password one is made and shown once.", endpoint_known, cli_rows_endpoint_add),
    ROWS("set", "change an endpoint", " USER OPTIONS", NULL, endpoint_known, cli_rows_set),
    ROWS("remove", "remove an endpoint", " USER", NULL, plain, cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

/* ---- trunks ---- */

static const struct cli_column trunk_list[] = {
    {"TRUNK", "name", CLI_TEXT},
    {"HOST", "host", CLI_TEXT},
    {"PORT", "port", CLI_TEXT},
    {"BY", "transport", CLI_TEXT},
    {"CUSTOMER", "account_id", CLI_ACCOUNT},
    {"SOURCES", "acl", CLI_TEXT},
    {"COSTS", "cost_deck", CLI_DECK},
    {"DISABLED", "is_disabled", CLI_TEXT},
    END_COLUMNS,
};
static const struct cli_column trunk_show[] = {
    {"trunk", "name", CLI_TEXT},
    {"id", "id", CLI_TEXT},
    {"customer", "account_id", CLI_ACCOUNT},
    {"host", "host", CLI_TEXT},
    {"port", "port", CLI_TEXT},
    {"by", "transport", CLI_TEXT},
    {"sources", "acl", CLI_TEXT},
    {"emergency calls", "takes_emergency", CLI_TEXT},
    {"logs in as", "auth_user", CLI_TEXT},
    {"tech prefix", "tech_prefix", CLI_TEXT},
    {"sends +", "sends_plus", CLI_TEXT},
    {"costs", "cost_deck", CLI_DECK},
    {"calls at once", "channels_max", CLI_TEXT},
    {"calls a second", "cps_max", CLI_TEXT},
    {"default number", "identity", CLI_TEXT},
    {"disabled", "is_disabled", CLI_TEXT},
    END_COLUMNS,
};
#define TRUNK_OPTIONS                                                                              \
    ARG_MEMBER("--host", "ADDRESS", "where calls are sent; empty: inbound only", "host",           \
               ARGS_TEXT),                                                                         \
        ARG_MEMBER("--port", "PORT", "5060", "port", ARGS_COUNT),                                  \
        ARG_MEMBER("--transport", "udp|tcp", "udp", "transport", ARGS_TEXT),                       \
        ARG_MEMBER("--acl", "SOURCE", "who it is: 192.0.2.0/24; several times, or none", "acl",    \
                   ARGS_LIST),                                                                     \
        ARG_MEMBER("--account", "NAME|none", "a customer's trunk: who pays its calls", "account",  \
                   ARGS_TEXT_OR_NULL),                                                             \
        ARG_MEMBER("--cost-deck", "NAME|none", "what it charges us", "cost_deck",                  \
                   ARGS_TEXT_OR_NULL),                                                             \
        ARG_MEMBER("--emergency", "yes|no", "emergency calls go here first", "takes_emergency",    \
                   ARGS_YES_NO),                                                                   \
        ARG_MEMBER("--auth-user", "USER", "to answer its challenges", "auth_user", ARGS_TEXT),     \
        ARG_SECRET("--auth-password", "TEXT", "with --auth-user", "auth_password"),                \
        ARG_SECRET_FILE("--auth-password-file", "--auth-password"),                                \
        ARG_MEMBER("--tech-prefix", "DIGITS", "put before the number", "tech_prefix", ARGS_TEXT),  \
        ARG_MEMBER("--plus", "yes|no", "numbers are sent as +49...", "sends_plus", ARGS_YES_NO),   \
        ARG_MEMBER("--channels", "COUNT|none", "calls at once", "channels_max",                    \
                   ARGS_COUNT_OR_NULL),                                                            \
        ARG_MEMBER("--cps", "COUNT|none", "calls started a second", "cps_max",                     \
                   ARGS_COUNT_OR_NULL),                                                            \
        ARG_MEMBER("--identity", "NUMBER", "a customer's: the number its calls show", "identity",  \
                   ARGS_TEXT),                                                                     \
        ARG_MEMBER("--disabled", "yes|no", "neither takes nor sends calls", "is_disabled",         \
                   ARGS_YES_NO),                                                                   \
        COMMON
static const struct args_known trunk_add_known[] = {TRUNK_OPTIONS};
static const struct args_known trunk_set_known[] = {
    ARG_MEMBER("--name", "NAME", "a new name", "name", ARGS_TEXT),
    TRUNK_OPTIONS,
};
static const struct cli_column quality_list[] = {
    {"TRUNK", "trunk", CLI_TEXT},
    {"CALLS", "calls", CLI_TEXT},
    {"ANSWERED", "answered", CLI_TEXT},
    {"ASR %", "asr_percent", CLI_TEXT},
    {"DELAY (ms)", "pdd_ms", CLI_TEXT},
    {"MEASURED", "measured", CLI_TEXT},
    {"COUNTED UNTIL", "wall_us", CLI_TIME},
    {"AGE", "age_us", CLI_LENGTH},
    END_COLUMNS,
};
static const struct cli_kind quality_kind = {"trunk that was tried", "/v1/trunk-quality", NULL,
                                             quality_list, NULL};
static const struct cli_kind trunk_kind = {"trunk", "/v1/trunks", "name", trunk_list, trunk_show};
#define NOUN "trunk"
#define KIND trunk_kind
const struct command cli_trunk_commands[] = {
    ROWS("list", "SIP peers: carriers' and customers'", "", NULL, list_known, cli_rows_list),
    ROWS("show", "one trunk", " NAME", NULL, plain, cli_rows_show),
    ROWS("add", "make a trunk", " NAME --host ADDRESS [OPTIONS]",
         "Numbers go out by it once a route says so: `route add`.", trunk_add_known, cli_rows_add),
    ROWS("set", "change a trunk", " NAME OPTIONS", NULL, trunk_set_known, cli_rows_set),
    {
        .name = "trunk quality",
        .group = GROUP,
        .what = "calls answered and delays of trunks lately, over all edges",
        .usage = "trunk quality [--max COUNT]",
        .help = "CALLS are the last 256 to 511 that a trunk was tried with, DELAY the mean "
                "time until it rang.\nOf carriers that cost the same, one that is clearly "
                "worse is tried later.",
        .options = list_known,
        .ctx = &quality_kind,
        .run = cli_rows_list,
    },
    ROWS("remove", "remove a trunk that no route and number names", " NAME", NULL, plain,
         cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

/* ---- numbers ---- */

static const struct cli_column number_list[] = {
    {"NUMBER", "digits", CLI_TEXT},
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"ENDPOINT", "endpoint", CLI_TEXT},
    {"TRUNK", "trunk", CLI_TRUNK},
    END_COLUMNS,
};
static const struct args_known number_known[] = {
    ARG_MEMBER("--account", "NAME", "whose it is", "account", ARGS_TEXT),
    ARG_MEMBER("--endpoint", "USER", "whom it rings", "endpoint", ARGS_TEXT),
    ARG_MEMBER("--trunk", "NAME", "a customer's trunk, instead of an endpoint", "trunk", ARGS_TEXT),
    COMMON,
};
static const struct cli_kind number_kind = {"number", "/v1/numbers", "digits", number_list,
                                            number_list};
#define NOUN "number"
#define KIND number_kind
const struct command cli_number_commands[] = {
    ROWS("list", "inbound numbers (DDIs)", " [--account NAME]", NULL, list_known, cli_rows_list),
    ROWS("show", "one number", " DIGITS", NULL, plain, cli_rows_show),
    ROWS("add", "give an account a number", " DIGITS --account NAME --endpoint USER|--trunk NAME",
         "DIGITS are E.164 without a plus: 493012345678.", number_known, cli_rows_add),
    ROWS("set", "send a number elsewhere", " DIGITS OPTIONS", NULL, number_known, cli_rows_set),
    ROWS("remove", "remove a number", " DIGITS", NULL, plain, cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

/* ---- routes ---- */

static const struct cli_column route_list[] = {
    {"ID", "id", CLI_TEXT},         {"PREFIX", "prefix", CLI_TEXT},
    {"TRUNK", "trunk", CLI_TRUNK},  {"PRIORITY", "priority", CLI_TEXT},
    {"WEIGHT", "weight", CLI_TEXT}, END_COLUMNS,
};
static const struct args_known route_known[] = {
    ARG_MEMBER("--trunk", "NAME", "numbers go out by it", "trunk", ARGS_TEXT),
    ARG_MEMBER("--prefix", "DIGITS", "those that begin so; without, all", "prefix", ARGS_TEXT),
    ARG_MEMBER("--priority", "NUMBER", "lower is tried first; equal: the cheaper (0)", "priority",
               ARGS_COUNT),
    ARG_MEMBER("--weight", "NUMBER", "share of those of equal price: 1 to 1000 (1)", "weight",
               ARGS_COUNT),
    COMMON,
};
static const struct cli_kind route_kind = {"route", "/v1/routes", NULL, route_list, route_list};
#define NOUN "route"
#define KIND route_kind
const struct command cli_route_commands[] = {
    ROWS("list", "which numbers may go out by which trunk", "", NULL, list_known, cli_rows_list),
    ROWS("show", "one route", " ID", NULL, plain, cli_rows_show),
    ROWS("add", "make a route", " --trunk NAME [--prefix DIGITS] [--priority N] [--weight N]",
         "A trunk that fails is left for the next: by priority, then the cheapest, then by weight.",
         route_known, cli_rows_add),
    ROWS("set", "change a route", " ID OPTIONS", NULL, route_known, cli_rows_set),
    ROWS("remove", "remove a route", " ID", NULL, plain, cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

/* ---- keys of the API ---- */

static const struct cli_column key_list[] = {
    {"ID", "id", CLI_TEXT},
    {"NAME", "name", CLI_TEXT},
    {"ROLE", "role", CLI_TEXT},
    {"ACCOUNT", "account_id", CLI_ACCOUNT},
    {"REVOKED", "is_revoked", CLI_TEXT},
    END_COLUMNS,
};
static const struct cli_column key_show[] = {
    {"id", "id", CLI_TEXT},
    {"name", "name", CLI_TEXT},
    {"role", "role", CLI_TEXT},
    {"account", "account_id", CLI_ACCOUNT},
    {"key (shown only now)", "key", CLI_TEXT},
    END_COLUMNS,
};
static const struct args_known key_known[] = {
    ARG_MEMBER("--role", "operator|customer", "what it may do; needed", "role", ARGS_TEXT),
    ARG_MEMBER("--account", "NAME", "of a customer: the only one it may see", "account", ARGS_TEXT),
    COMMON,
};
static const struct cli_kind key_kind = {"key", "/v1/keys", "name", key_list, key_show};
#define NOUN "key"
#define KIND key_kind
#undef GROUP
#define GROUP "API and console"
const struct command cli_key_commands[] = {
    ROWS("list", "keys of the API", "", NULL, list_known, cli_rows_list),
    ROWS("add", "make a key; it is shown once", " NAME --role operator|customer [--account NAME]",
         NULL, key_known, cli_rows_add),
    ROWS("revoke", "a key is good no more, at once", " ID", NULL, plain, cli_rows_remove),
    COMMANDS_END,
};
#undef NOUN
#undef KIND

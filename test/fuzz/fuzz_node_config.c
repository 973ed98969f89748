/* DIR/dialtone.conf: whatever it says, what is taken from it keeps its limits, and what is refused
 * is refused with a sentence. */
#include "fuzz_dir.h"

#include "node/config.h"

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check(const struct node_config *config)
{
    FUZZ_CHECK(is_text(config->domain, sizeof(config->domain)) && config->domain[0] != '\0');
    FUZZ_CHECK(is_text(config->http, sizeof(config->http)));
    FUZZ_CHECK(is_text(config->user, sizeof(config->user)));
    FUZZ_CHECK(config->listen_count >= 0 && config->listen_count <= CONFIG_LISTEN_MAX);
    for (int i = 0; i < config->listen_count; i++) {
        const struct config_listen *listen = &config->listen[i];
        FUZZ_CHECK(is_text(listen->host, sizeof(listen->host)));
        FUZZ_CHECK(is_text(listen->advertised, sizeof(listen->advertised)));
        FUZZ_CHECK(listen->transport <= 1);
    }
    FUZZ_CHECK(config->emergency_count >= 0 && config->emergency_count <= CONFIG_EMERGENCY_MAX);
    for (int i = 0; i < config->emergency_count; i++) {
        FUZZ_CHECK(is_text(config->emergency[i], NUMBER_SIZE));
    }
    FUZZ_CHECK(config->workers >= 0 && config->calls_max > 0 && config->bindings_max > 0);
    FUZZ_CHECK(config->expires_min_s > 0 && config->expires_min_s <= config->expires_max_s);
    FUZZ_CHECK(config->ring_max_us > 0 && config->call_max_us > 0 && config->nonce_age_s > 0);
    FUZZ_CHECK(config->on_net_nano_per_min >= 0 && config->on_net_next_s > 0);
    FUZZ_CHECK(config->grace_total_micro >= 0 && config->jitter_percent >= 0);
}

/* libconfig forgets some bytes of a file that it refuses, in a program that then ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct node_config config;
    char error[512] = "";
    /* Another file's content is that file's business. */
    if (memmem(data, size, "@include", 8) != NULL) {
        return 0;
    }
    fuzz_dir_write("dialtone.conf", data, size);
    if (config_load(fuzz_dir(NULL), &config, error, sizeof(error))) {
        check(&config);
    } else {
        FUZZ_CHECK(error[0] != '\0' && is_text(error, sizeof(error)));
    }
    char text[128];
    struct config_listen listen;
    size_t kept = size < sizeof(text) ? size : sizeof(text) - 1;
    memcpy(text, data, kept);
    text[kept] = '\0';
    if (config_listen_parse(text, &listen)) {
        FUZZ_CHECK(is_text(listen.host, sizeof(listen.host)) && listen.host[0] != '\0');
    }
    return 0;
}

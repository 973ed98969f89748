/* nft.h - bans as elements of sets of the kernel's packet filter, an option (`ban_nft_set`).
 *
 * A process of its own, made while the supervisor may still do more than the roles: it keeps
 * CAP_NET_ADMIN and nothing else, holds no socket of ours, and reads nothing but the edge's list of
 * bans. Each second it asks for that list and has nft(8) add and delete what changed, with a
 * timeout that is the rest of the ban; each minute it writes them all. Places with customers are
 * left out: a packet filter knows nothing of flows. What fails is said once in the log and tried
 * again; nothing depends on it.
 */
#ifndef DT_NODE_NFT_H
#define DT_NODE_NFT_H

#include "node/privilege.h"

/* Is this "inet TABLE SET"? Then bans of IPv4 go into SET, and those of IPv6 into SET with a 6. */
MUST_CHECK bool nft_set_is_good(const char *set);

/* To be called before sockets are bound, with one thread, as the user that the program began as.
 * dir and set must live on. Returns the process, 0 if it could not be made; closing *stop_fd ends
 * it. */
pid_t nft_start(const char *dir, const char *set, const struct privilege_user *user, int *stop_fd);

#endif

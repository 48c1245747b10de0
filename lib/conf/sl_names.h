/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of host names that stand for endpoints. Somebody else looks them up; translation
 * reads the table and says which names it would know more of. Control code, one thread.
 */
#ifndef SL_NAMES_H
#define SL_NAMES_H

#include "sl_base.h"
#include "sl_ip.h"

#define SL_NAME_TEXT_MAX  254   /* bytes with the NUL: RFC 1035, 2.3.4 */
#define SL_NAMES_MAX      10000 /* most that `dns.names` allows */
#define SL_NAMES_DEFAULT  1000
#define SL_NAME_ADDRS_MAX 1024 /* most that `dns.addresses` allows */

/** A name that has been looked up with success. */
struct sl_name {
	const char *text;
	const struct sl_ip *addr; /* n of them, sorted, each once */
	size_t n;
	struct sl_ip first; /* of the newest answer */
};

struct sl_names;

/** NULL: no memory. */
struct sl_names *sl_names_create(void);
void sl_names_free(struct sl_names *names);

/**
 * A host name as it is looked up: lower case, without the dot at its end (RFC 1123, 2.1; '_' is
 * let through, as resolvers do).
 *
 * @return Whether it can be one: labels of 1 to 63 bytes, 253 in all, the last not a number.
 */
bool sl_name_read(const char *text, char name[SL_NAME_TEXT_MAX]);

/**
 * Whether an address that somebody's DNS server gave may become an endpoint: not the unspecified,
 * loopback, link-local, multicast and reserved ones, with which a name could lead to the box
 * itself or to what only its own network should reach. Who wants one of those writes it as an
 * address.
 */
bool sl_name_usable(const struct sl_ip *ip);

/**
 * Takes an answer.
 *
 * @param addr n addresses in the order of the answer; copied.
 * @param first Whether it matters which one is first.
 * @return 1: it says something new, 0: it does not, -ENOMEM.
 */
int sl_names_put(struct sl_names *names, const char *name, const struct sl_ip *addr, size_t n,
		 bool first);

/** Forgets a name, if it is there. */
void sl_names_remove(struct sl_names *names, const char *name);

/** NULL: not known (yet), or no table. */
const struct sl_name *sl_names_find(const struct sl_names *names, const char *name);

/** All of them; i < count. */
size_t sl_names_count(const struct sl_names *names);
const struct sl_name *sl_names_at(const struct sl_names *names, size_t i);

/** Goes up with each answer that says something new. */
uint64_t sl_names_version(const struct sl_names *names);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names that stand for endpoints: when each is looked up, what became of it, and the table
 * that translation reads. What was known is kept on disk, so that a new sluice-control does not
 * take endpoints away only because it has not asked yet.
 */
#ifndef DNS_H
#define DNS_H

#include <jansson.h>
#include <poll.h>

#include "sl_conf.h"

#define DNS_FDS 16u

struct dns;

/** @param state_dir Folder of the file `names`. 0 or -ENOMEM. Close with dns_close. */
int dns_open(struct dns **out, const char *state_dir, struct sl_err *err);
void dns_close(struct dns *d);

/** Takes settings, and what resolv.conf says now; asks at once for names that failed. */
void dns_configure(struct dns *d, const struct sl_conf_dns *conf);

/** The table; lives as long as d. */
const struct sl_names *dns_names(const struct dns *d);

/** From now on the names that these objects want are looked up, and no others. */
void dns_follow(struct dns *d, const struct sl_objects *objects);

/** Fills the descriptors to wait for. @return How many, at most DNS_FDS. */
unsigned dns_poll_fds(const struct dns *d, struct pollfd *pfd);

/** Takes answers from the descriptors that dns_poll_fds gave. */
void dns_serve(struct dns *d, const struct pollfd *pfd, unsigned n);

/**
 * Asks what is due.
 *
 * @param due_us Lowered to the moment at which it wants to be called again.
 * @return Whether the table says something that was not told before; it is now.
 */
bool dns_news(struct dns *d, uint64_t now_us, uint64_t *due_us);

struct dns_counts {
	uint64_t names, failing; /* that are looked up; without an answer the last time */
	uint64_t lookups, failures;
	uint64_t answers_cut;     /* with more addresses than become endpoints */
	uint64_t addresses_unfit; /* see sl_name_usable */
};

void dns_count(const struct dns *d, struct dns_counts *out);

/** Counts, and the names whose last look-up failed; NULL: no memory. */
json_t *dns_status(const struct dns *d);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions to DNS servers, asynchronous, in control's one loop. The seam to the library that asks
 * them: nothing outside resolver.c knows it.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <poll.h>
#include <stdbool.h>

#include "sl_conf.h"

#define RESOLVER_FDS 16u

struct resolver;

struct resolver_answer {
	/* 0: answered, also where the name has no address of the family; -ECANCELED: the resolver
	 * is being closed; else -errno with `why`. */
	int status;
	const char *why;
	uint32_t ttl_s;           /* least of all records; 0 without any */
	const struct sl_ip *addr; /* n of them, in the order of the answer */
	size_t n;
};

/** Called once for each question, perhaps before resolver_ask returns; asks nothing itself. */
typedef void resolver_fn(void *ctx, const struct resolver_answer *answer);

/** @return 0 or -errno with a text. Without servers in conf those of resolv.conf are asked. */
int resolver_open(struct resolver **out, const struct sl_conf_dns *conf, struct sl_err *err);

/** Cancels what is under way (NULL is allowed). */
void resolver_close(struct resolver *r);

/**
 * Asks for the addresses of one family, in the hosts file and of the servers. The name is whole:
 * no domain is searched.
 */
void resolver_ask(struct resolver *r, const char *name, bool v6, resolver_fn *fn, void *ctx);

/** Fills the descriptors to wait for. @return How many, at most RESOLVER_FDS. */
unsigned resolver_poll_fds(const struct resolver *r, struct pollfd *pfd);

/** Reads answers and gives up servers that are silent. n 0: only the latter. */
void resolver_serve(struct resolver *r, const struct pollfd *pfd, unsigned n);

/** Lowers *due_us to the moment at which resolver_serve has something to give up. */
void resolver_due(const struct resolver *r, uint64_t now_us, uint64_t *due_us);

#endif

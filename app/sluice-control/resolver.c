/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions to DNS servers by way of c-ares, which checks, parses and bounds the answers. */
#include "resolver.h"

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TRIES     2
#define EDNS_SIZE 1232 /* fits into one packet everywhere; what is longer comes by TCP */

struct resolver {
	ares_channel channel;
};

struct question {
	resolver_fn *fn;
	void *ctx;
};

/* ---- opening ---- */

static int set_servers(struct resolver *r, const struct sl_conf_dns *conf)
{
	struct ares_addr_port_node node[SL_CONF_DNS_SERVERS];

	memset(node, 0, sizeof(node));
	for (uint16_t i = 0; i < conf->n_servers; i++) {
		const struct sl_ip_port *s = &conf->server[i];

		node[i].next = i + 1 < conf->n_servers ? &node[i + 1] : NULL;
		node[i].udp_port = node[i].tcp_port = s->port;
		node[i].family = sl_ip_is_v4(&s->ip) ? AF_INET : AF_INET6;
		if (node[i].family == AF_INET)
			node[i].addr.addr4.s_addr = sl_ip_v4_be(&s->ip);
		else
			memcpy(&node[i].addr.addr6, s->ip.b, sizeof(s->ip.b));
	}
	return conf->n_servers > 0 ? ares_set_servers_ports(r->channel, node) : ARES_SUCCESS;
}

int resolver_open(struct resolver **out, const struct sl_conf_dns *conf, struct sl_err *err)
{
	struct ares_options o = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS,
				 .timeout = (int)conf->timeout_ms,
				 .tries = TRIES,
				 .ednspsz = EDNS_SIZE};
	struct resolver *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = ares_library_init(ARES_LIB_INIT_ALL);
	if (rc != ARES_SUCCESS) {
		free(r);
		return sl_err(err, EIO, "Names cannot be looked up: %s.", ares_strerror(rc));
	}
	rc = ares_init_options(&r->channel, &o,
			       ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				       ARES_OPT_EDNSPSZ);
	if (rc == ARES_SUCCESS)
		rc = set_servers(r, conf);
	if (rc != ARES_SUCCESS) {
		resolver_close(r);
		return sl_err(err, EIO, "Names cannot be looked up: %s.", ares_strerror(rc));
	}
	*out = r;
	return 0;
}

void resolver_close(struct resolver *r)
{
	if (r == NULL)
		return;
	if (r->channel != NULL)
		ares_destroy(r->channel);
	ares_library_cleanup();
	free(r);
}

/* ---- asking ---- */

static bool take_address(const struct ares_addrinfo_node *node, struct sl_ip *ip)
{
	if (node->ai_family == AF_INET) {
		const struct sockaddr_in *sin = (const void *)node->ai_addr;

		*ip = sl_ip_from_v4(sin->sin_addr.s_addr);
		return true;
	}
	if (node->ai_family != AF_INET6)
		return false;
	memcpy(ip->b, &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr,
	       sizeof(ip->b));
	return true;
}

/* A time to live with its highest bit set is none: RFC 2181, 8. */
static uint32_t least(uint32_t ttl_s, int other)
{
	return SL_MIN(ttl_s, (uint32_t)SL_MAX(other, 0));
}

static void hand_over(const struct question *q, const struct ares_addrinfo *info)
{
	struct resolver_answer a = {.ttl_s = UINT32_MAX};
	struct sl_ip *addr;
	size_t n = 0;

	for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next)
		n++;
	addr = calloc(n + 1, sizeof(*addr));
	if (addr == NULL) {
		q->fn(q->ctx, &(struct resolver_answer){.status = -ENOMEM, .why = "out of memory"});
		return;
	}
	for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next) {
		a.n += take_address(at, &addr[a.n]);
		a.ttl_s = least(a.ttl_s, at->ai_ttl);
	}
	for (const struct ares_addrinfo_cname *at = info->cnames; at != NULL; at = at->next)
		a.ttl_s = least(a.ttl_s, at->ttl);
	a.addr = addr;
	q->fn(q->ctx, &a);
	free(addr);
}

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *q = arg;
	struct resolver_answer a = {.status = -EIO, .why = ares_strerror(status)};

	if (status == ARES_SUCCESS && info != NULL) {
		hand_over(q, info);
	} else {
		if (status == ARES_ENODATA)
			a.status = 0;
		else if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
			a.status = -ECANCELED;
		else if (status == ARES_ENOTFOUND)
			a.why = "there is no such name";
		else if (status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED)
			a.why = "no server answers";
		q->fn(q->ctx, &a);
	}
	ares_freeaddrinfo(info);
	free(q);
}

void resolver_ask(struct resolver *r, const char *name, bool v6, resolver_fn *fn, void *ctx)
{
	/* Sorting would open a socket to each address. */
	const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
						  .ai_family = v6 ? AF_INET6 : AF_INET};
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		fn(ctx, &(struct resolver_answer){.status = -ENOMEM, .why = "out of memory"});
		return;
	}
	*q = (struct question){fn, ctx};
	ares_getaddrinfo(r->channel, name, NULL, &hints, answered, q);
}

/* ---- waiting ---- */

_Static_assert(RESOLVER_FDS == ARES_GETSOCK_MAXNUM, "as many as c-ares tells of");

unsigned resolver_poll_fds(const struct resolver *r, struct pollfd *pfd)
{
	ares_socket_t fd[ARES_GETSOCK_MAXNUM];
	unsigned bits = (unsigned)ares_getsock(r->channel, fd, ARES_GETSOCK_MAXNUM), n = 0;

	/* The library's own macros shift a one into the sign. */
	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short want = (short)((bits >> i & 1u ? POLLIN : 0) |
				     (bits >> (i + ARES_GETSOCK_MAXNUM) & 1u ? POLLOUT : 0));

		if (want != 0)
			pfd[n++] = (struct pollfd){fd[i], want, 0};
	}
	return n;
}

void resolver_serve(struct resolver *r, const struct pollfd *pfd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool in = pfd[i].revents & (POLLIN | POLLERR | POLLHUP);
		bool out = pfd[i].revents & (POLLOUT | POLLERR | POLLHUP);

		if (in || out)
			ares_process_fd(r->channel, in ? pfd[i].fd : ARES_SOCKET_BAD,
					out ? pfd[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void resolver_due(const struct resolver *r, uint64_t now_us, uint64_t *due_us)
{
	struct timeval room;
	const struct timeval *left = ares_timeout(r->channel, NULL, &room);

	if (left != NULL)
		*due_us = SL_MIN(*due_us, now_us + (uint64_t)left->tv_sec * 1000000 +
						  (uint64_t)left->tv_usec);
}

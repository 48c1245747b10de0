/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL without privileges, and a lcore context on the heap, for unit and protocol tests. */
#include "sl_test_lcore.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

#define SLOTS 64

static int eal_start(void)
{
	static int started;
	char *argv[] = {(char *)"test",
			(char *)"--no-huge",
			(char *)"-m",
			(char *)"512",
			(char *)"--no-pci",
			(char *)"--no-shconf",
			(char *)"-l",
			(char *)"0",
			(char *)"--no-telemetry",
			(char *)"--iova-mode=va",
			(char *)"--log-level=error",
			NULL};

	if (started)
		return 0;
	if (rte_eal_init(11, argv) < 0)
		return -1;
	started = 1;
	return 0;
}

static void stats_alloc(struct sl_stats_worker *st)
{
	st->c = calloc(1, sizeof(*st->c));
	st->drops = calloc(SL_DROP_COUNT, sizeof(*st->drops));
	st->stage = calloc(SL_STAGE_COUNT, sizeof(*st->stage));
	st->port = calloc(SL_STATS_PORTS_MAX, sizeof(*st->port));
	st->listener = calloc(SLOTS, sizeof(*st->listener));
	st->route = calloc(SLOTS, sizeof(*st->route));
	st->cluster = calloc(SLOTS, sizeof(*st->cluster));
	st->endpoint = calloc(SLOTS, sizeof(*st->endpoint));
	st->service = calloc(SLOTS, sizeof(*st->service));
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++) {
		st->born[i] = calloc(SLOTS, sizeof(uint64_t));
		st->slots[i] = SLOTS;
	}
}

static void stats_free(struct sl_stats_worker *st)
{
	free(st->c);
	free(st->drops);
	free(st->stage);
	free(st->port);
	free(st->listener);
	free(st->route);
	free(st->cluster);
	free(st->endpoint);
	free(st->service);
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++)
		free(st->born[i]);
}

int sl_test_lcore_init(struct sl_lcore *lc, unsigned mbufs)
{
	static unsigned serial;
	char name[32];

	if (eal_start() < 0)
		return -1;
	memset(lc, 0, sizeof(*lc));
	serial++;
	snprintf(name, sizeof(name), "data%u", serial);
	lc->pool = rte_pktmbuf_pool_create(name, mbufs, 0, sizeof(struct sl_pkt),
					   RTE_PKTMBUF_HEADROOM + SL_MBUF_DATA, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "clone%u", serial);
	lc->clone_pool =
		rte_pktmbuf_pool_create(name, mbufs, 0, sizeof(struct sl_pkt),
					RTE_PKTMBUF_HEADROOM + SL_CLONE_DATA, SOCKET_ID_ANY);
	if (!lc->pool || !lc->clone_pool)
		return -1;
	lc->workers = 1;
	lc->now_us = 1000000;
	lc->rnd = 88172645463325252u;
	stats_alloc(&lc->stats);
	return 0;
}

void sl_test_lcore_fini(struct sl_lcore *lc)
{
	stats_free(&lc->stats);
	rte_mempool_free(lc->pool);
	rte_mempool_free(lc->clone_pool);
	memset(lc, 0, sizeof(*lc));
}

unsigned sl_test_lcore_in_use(const struct sl_lcore *lc)
{
	return rte_mempool_in_use_count(lc->pool) + rte_mempool_in_use_count(lc->clone_pool);
}

struct rte_mbuf *sl_test_mbuf(struct sl_lcore *lc, const void *data, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->pool);
	char *p;

	if (!m)
		return NULL;
	p = rte_pktmbuf_append(m, len);
	if (!p) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(p, data, len);
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	return m;
}

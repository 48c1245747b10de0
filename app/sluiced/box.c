/* SPDX-License-Identifier: BSD-3-Clause */
/* The data plane put together: memory, ports, segments, workers; and taken apart again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_mbuf_pool_ops.h>

#include "sluiced.h"

#define RING_SLOTS    4096u
#define POOL_CACHE    256
#define OBJECT_HEADER 128u /* what a mempool puts around an object, at most */

/* A second data plane of the same instance would write into the first one's segments. */
static int lock_instance(struct box *b, struct sl_err *err)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/sluiced.lock", b->dir);
	b->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (b->lock_fd < 0)
		return sl_err(err, errno, "Lock file %s can't be opened: %s.", path,
			      strerror(errno));
	if (flock(b->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return sl_err(err, EBUSY,
			      "A data plane of instance \"%s\" is running already; give this one "
			      "another `instance` name.",
			      b->conf->instance);
	return 0;
}

/*
 * As rte_pktmbuf_pool_create, but in small pages an object may cross their borders: kept within
 * one it would waste up to half of the memory, and only physical devices need it.
 */
static struct rte_mempool *make_pool(const char *name, uint64_t n, uint16_t room)
{
	const unsigned flags = rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	struct rte_pktmbuf_pool_private priv = {.mbuf_data_room_size = room,
						.mbuf_priv_size = sizeof(struct sl_pkt)};
	struct rte_mempool *mp;

	mp = rte_mempool_create_empty(name, (unsigned)n,
				      sizeof(struct rte_mbuf) + sizeof(struct sl_pkt) + room,
				      POOL_CACHE, sizeof(priv), SOCKET_ID_ANY, flags);
	if (!mp)
		return NULL;
	if (rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL) < 0) {
		rte_mempool_free(mp);
		return NULL;
	}
	rte_pktmbuf_pool_init(mp, &priv);
	if (rte_mempool_populate_default(mp) < 0) {
		rte_mempool_free(mp);
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	return mp;
}

/* Three fifths of the memory are data mbufs, a fifth the small ones; the rest is DPDK's. */
static int make_pools(struct box *b, struct sl_err *err)
{
	const uint64_t mem = (uint64_t)b->conf->memory_mb << 20;
	const uint16_t data = RTE_PKTMBUF_HEADROOM + SL_MBUF_DATA;
	const uint16_t small = RTE_PKTMBUF_HEADROOM + SL_CLONE_DATA;
	const uint64_t around = sizeof(struct rte_mbuf) + sizeof(struct sl_pkt) + OBJECT_HEADER;
	uint64_t n = b->conf->mbufs ? b->conf->mbufs : mem * 3 / 5 / (data + around);
	uint64_t clones = b->conf->mbufs ? b->conf->mbufs : mem / 5 / (small + around);

	b->pool = make_pool("data", n, data);
	b->clone_pool = make_pool("small", clones, small);
	if (!b->pool || !b->clone_pool)
		return sl_err(
			err, ENOMEM,
			"%lu packet buffers do not fit into %u MiB: raise memory.size or lower "
			"memory.mbufs.",
			(unsigned long)n, b->conf->memory_mb);
	return 0;
}

static struct rte_ring *make_ring(const char *what, uint16_t worker, unsigned flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u", what, worker);
	return rte_ring_create(name, RING_SLOTS, SOCKET_ID_ANY, flags);
}

static int make_rings(struct box *b, struct sl_err *err)
{
	bool ok;

	b->punt = make_ring("punt", 0, RING_F_SC_DEQ);
	ok = b->punt != NULL;
	for (uint16_t i = 0; i < b->n_workers; i++) {
		b->inject[i] = make_ring("inject", i, RING_F_SP_ENQ | RING_F_SC_DEQ);
		b->redirect[i] = make_ring("redirect", i, RING_F_SC_DEQ);
		ok = ok && b->inject[i] && b->redirect[i];
	}
	return ok ? 0 : sl_err(err, ENOMEM, "Out of memory for rings: raise memory.size.");
}

static void inject(void *arg, uint16_t worker, struct rte_mbuf *m)
{
	struct box *b = arg;

	if (rte_ring_sp_enqueue(b->inject[worker], m) < 0)
		sl_drop(&b->lc, m, SL_DROP_TX_FULL);
}

static int make_net(struct box *b, struct sl_err *err)
{
	struct sl_net_route route[SL_CONF_ROUTES_MAX];
	struct sl_net_config cfg = {.ports = b->port,
				    .n_ports = b->n_ports,
				    .routes = route,
				    .n_routes = b->conf->n_routes};
	int rc;

	for (uint16_t i = 0; i < b->conf->n_routes; i++)
		route[i] = (struct sl_net_route){b->conf->route[i].to, b->conf->route[i].via};
	rc = sl_net_create(&b->net, &cfg, err);
	if (rc == 0)
		sl_net_main_inject(b->net, inject, b);
	return rc;
}

static int make_segments(struct box *b, struct sl_err *err)
{
	char path[160];
	struct sl_stats_config cfg = {
		.path = path, .instance = b->conf->instance, .n_workers = b->n_workers};
	struct sl_stats_hdr *hdr;
	int rc;

	memcpy(cfg.slots, b->conf->slots, sizeof(cfg.slots));
	snprintf(path, sizeof(path), "%s/stats", b->dir);
	rc = sl_stats_create(&b->stats, &cfg, err);
	if (rc < 0)
		return rc;
	hdr = sl_stats_hdr(b->stats);
	hdr->generation = b->generation;
	hdr->tsc_hz = rte_get_tsc_hz();
	hdr->mbufs_total = b->pool->size + b->clone_pool->size;
	sl_stats_worker_view(b->stats, b->n_workers, &b->lc.stats);
	b->lc.index = b->n_workers;
	b->lc.workers = b->n_workers;
	b->lc.pool = b->pool;
	b->lc.clone_pool = b->clone_pool;
	b->lc.rnd = b->generation | 1;
	ports_publish(b);
	return 0;
}

_Static_assert((int)SL_CONF_RULES_MAX == (int)SL_NAT_RULES_MAX, "as many rules");
_Static_assert((int)SL_CONF_SNAT_MAX == (int)SL_NAT_SNAT_MAX, "as many addresses");
_Static_assert((int)SL_CONF_EGRESS_MAX == (int)SL_NAT_EGRESS_MAX, "as many rules");
_Static_assert((int)SL_CONF_SESSION_TIMES == (int)SL_NAT_STATES, "a time for each state");

/** One worker's part of a limit over all workers, rounded up: flows are spread evenly. */
static uint32_t share(const struct box *b, uint32_t limit)
{
	return (limit + b->n_workers - 1) / b->n_workers;
}

static void proxy_config(const struct box *b, struct sl_proxy_config *p)
{
	const struct sl_conf_box *c = b->conf;

	p->sessions_max = c->tcp_conns / 2;
	p->upstreams_max = c->tcp_conns / 2;
	p->mirrors_max = c->mirrors;
	p->mirror_ms = c->mirror_ms;
	p->pool_idle_max = c->pool_idle_max;
	p->pool_idle_ms = c->pool_idle_ms;
	p->head_timeout_ms = c->head_timeout_ms;
	p->idle_timeout_ms = c->idle_timeout_ms;
	p->stream_idle_ms = c->stream_idle_ms;
	p->xff_trusted_hops = c->xff_trusted_hops;
	p->client_conns = share(b, c->client_conns);
	p->client_rate = share(b, c->client_rate);
	p->client_burst = share(b, c->client_burst);
	p->endpoint_conns = share(b, c->endpoint_conns);
	p->conn_requests = c->conn_requests;
	p->line_bytes = (uint32_t)c->line_bytes;
	p->head_bytes = (uint32_t)c->head_bytes;
	p->head_fields = c->head_fields;
	p->body_bytes = c->body_bytes;
	p->body_rate = c->body_rate;
	p->body_rate_ms = c->body_rate_ms;
	p->retry_body_bytes = (uint32_t)c->retry_body_bytes;
	p->request_ms = c->request_ms;
	p->stream_ms = c->stream_ms;
	p->refuse_http10 = c->http10 != 0;
	p->forward_trailers = c->trailers != 0;
	p->refuse_websocket = !c->websocket;
	p->keep_request_id = c->keep_request_id;
	snprintf(p->via, sizeof(p->via), "%s", c->via);
	p->path = sl_conf_path_rules(c);
	p->log = true;
	p->log_skip = (uint16_t)(10000 - c->log_sample);
	p->heads = c->log_heads;
	p->wall_offset_us = sl_wall_us() - sl_clock_us();
	snprintf(p->server, sizeof(p->server), "%s", c->server_name);
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n && p < UINT32_C(1) << 31)
		p <<= 1;
	return p;
}

static void nat_config(const struct box *b, struct sl_nat_rule *rule, struct sl_nat_egress *egress,
		       struct sl_nat_config *nat)
{
	const struct sl_conf_box *c = b->conf;

	nat->rows_max = power_of_two(c->nat_sessions);
	nat->affinity = b->affinity;
	memcpy(nat->timeout_ms, c->session_ms, sizeof(nat->timeout_ms));
	memcpy(nat->snat, c->snat, sizeof(nat->snat));
	nat->n_snat = c->n_snat;
	for (uint16_t i = 0; i < c->n_egress; i++) {
		egress[i] = (struct sl_nat_egress){.from = c->egress[i].from,
						   .to = c->egress[i].to,
						   .n_snat = c->egress[i].n_snat};
		memcpy(egress[i].snat, c->egress[i].snat, sizeof(egress[i].snat));
	}
	nat->egress = egress;
	nat->n_egress = c->n_egress;
	for (uint16_t i = 0; i < c->n_rules; i++)
		rule[i] = (struct sl_nat_rule){.from = c->rule[i].from,
					       .to = c->rule[i].to,
					       .port_first = c->rule[i].port,
					       .port_last = c->rule[i].port_last,
					       .proto = c->rule[i].proto,
					       .allow = c->rule[i].allow};
	nat->guard = (struct sl_nat_guard){.rule = rule,
					   .n_rules = c->n_rules,
					   .client_sessions = c->client_sessions,
					   .client_new_per_s = c->client_new_per_s,
					   .client_pkts_per_s = c->client_pkts_per_s,
					   .service_sessions = c->service_sessions,
					   .deny_after = c->deny_after,
					   .deny_ms = c->deny_ms};
	if (c->client_sessions || c->client_new_per_s || c->client_pkts_per_s)
		nat->guard.clients_max = power_of_two(c->clients_max);
}

static int make_worker(struct box *b, uint16_t i, const struct sl_hash_key *key, struct sl_err *err)
{
	struct sl_worker_config cfg = {.index = i,
				       .workers = b->n_workers,
				       .ports = b->port,
				       .n_ports = b->n_ports,
				       .net = b->net,
				       .pool = b->pool,
				       .clone_pool = b->clone_pool,
				       .punt = b->punt,
				       .inject = b->inject[i],
				       .health = b->health,
				       .redirect = b->redirect,
				       .answers = sl_ctl_ans(b->ctl, i),
				       .generation = b->generation,
				       .busy_poll = b->conf->busy_poll};
	struct sl_nat_rule rule[SL_NAT_RULES_MAX]; /* copied by sl_worker_create */
	struct sl_nat_egress egress[SL_NAT_EGRESS_MAX];
	int rc;

	sl_stats_worker_view(b->stats, i, &cfg.stats);
	cfg.tcp.conns_max = b->conf->tcp_conns;
	cfg.tcp.buf_max_bytes = b->conf->tcp_buffer_mb << 20;
	cfg.tcp.keepalive_ms = b->conf->tcp_keepalive_ms;
	cfg.tcp.user_timeout_ms = b->conf->tcp_user_ms;
	cfg.tcp.secret = *key;
	proxy_config(b, &cfg.proxy);
	cfg.proxy.secret = *key;
	cfg.proxy.log_ring = sl_ctl_log(b->ctl, i);
	cfg.proxy.head_ring = sl_ctl_head(b->ctl, i);
	cfg.nat.secret = *key;
	nat_config(b, rule, egress, &cfg.nat);
	rc = flows_map(b, i, sl_flows_size(cfg.nat.rows_max, cfg.nat.guard.clients_max), err);
	if (rc < 0)
		return rc;
	cfg.nat.rows = b->flows[i];
	cfg.tcp.kept_rows = cfg.proxy.sessions_max;
	rc = conns_map(b, i, sl_tcp_kept_size(cfg.tcp.kept_rows), err);
	if (rc < 0)
		return rc;
	cfg.tcp.kept = b->conns[i];
	return sl_worker_create(&b->worker[i], &cfg, err);
}

int box_create(struct box *b, struct sl_err *err)
{
	struct sl_hash_key key;
	int rc;

	if (sl_hash_key_random(&key) < 0)
		return sl_err(err, EIO, "The kernel gives no random numbers.");
	b->generation = sl_wall_us();
	b->n_workers = b->conf->workers;
	rc = sl_ctl_dir(b->conf->instance, b->dir, sizeof(b->dir), err);
	if (rc == 0)
		rc = sl_ctl_open(&b->ctl, b->dir, err);
	if (rc == 0)
		rc = lock_instance(b, err);
	if (rc == 0)
		rc = sl_ctl_reserve(b->ctl, b->n_workers, err);
	if (rc == 0)
		rc = make_pools(b, err);
	if (rc == 0)
		rc = make_rings(b, err);
	if (rc == 0)
		rc = ports_open(b, err);
	if (rc == 0)
		rc = make_net(b, err);
	if (rc == 0)
		rc = make_segments(b, err);
	if (rc == 0) {
		b->affinity = sl_nat_affinity_create(b->conf->affinity_clients);
		if (!b->affinity)
			rc = sl_err(err, ENOMEM, "Out of memory for limits.affinity_clients.");
	}
	if (rc == 0) {
		b->health = sl_health_create(sl_stats_hdr(b->stats)->slots[SL_STATS_ENDPOINT],
					     b->n_workers);
		if (!b->health)
			rc = sl_err(err, ENOMEM, "Out of memory.");
	}
	if (rc == 0)
		conns_forget(b);
	for (uint16_t i = 0; rc == 0 && i < b->n_workers; i++)
		rc = make_worker(b, i, &key, err);
	if (rc == 0)
		sl_worker_tables(b->worker[0], sl_stats_hdr(b->stats)->table);
	return rc;
}

void box_free(struct box *b)
{
	for (uint16_t i = 0; i < b->n_workers; i++)
		sl_worker_free(b->worker[i]);
	sl_health_free(b->health);
	sl_nat_affinity_free(b->affinity);
	epoch_free_all(b);
	flows_unmap(b);
	if (b->net)
		sl_net_free(b->net);
	ports_close(b);
	if (b->stats)
		sl_stats_close(b->stats);
	if (b->ctl)
		sl_ctl_close(b->ctl);
	if (b->lock_fd >= 0)
		close(b->lock_fd);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* L4 services as rows of a snapshot, their index, and the table of direct endpoints. */
#include <errno.h>
#include <netinet/in.h>

#include "build.h"

static int service_row(struct builder *b, const struct sl_model_service *m)
{
	struct sl_snap_service *s = build_rows(b, SL_SNAP_SERVICES, 1);
	char addr[SL_IP_PORT_TEXT_MAX];

	if (!s)
		return 0;
	s->name = build_str(b, m->name);
	s->ip = m->ip;
	s->port = m->port;
	s->proto = m->proto;
	s->kind = (uint8_t)m->kind;
	s->port_last = m->port_last ? m->port_last : m->port;
	s->affinity_s = m->affinity_s;
	s->keep_client = m->keep_client;
	s->silent = m->silent;
	if (m->n_sources) {
		struct sl_prefix *p = build_rows(b, SL_SNAP_PREFIXES, m->n_sources);

		if (!p)
			return 0;
		memcpy(p, m->sources, m->n_sources * sizeof(*p));
		s->sources = (struct sl_span){(uint32_t)b->tab[SL_SNAP_PREFIXES].n -
						      (uint32_t)m->n_sources,
					      (uint32_t)m->n_sources};
	}
	s->listener = s->cluster = SL_SNAP_NONE;
	sl_ip_port_format(&m->ip, m->port, addr);
	s->slot_name =
		build_strf(b, "%s %s/%s", m->name, addr, m->proto == IPPROTO_TCP ? "tcp" : "udp");
	if (*m->listener)
		s->listener = map_get(&b->listeners, sl_str(m->listener));
	if (*m->cluster)
		s->cluster = map_get(&b->clusters, sl_str(m->cluster));
	if ((*m->listener && s->listener == SL_SNAP_NONE) ||
	    (*m->cluster && s->cluster == SL_SNAP_NONE))
		return build_bad(b, &m->origin, EINVAL,
				 "service '%s' with a listener or cluster that doesn't exist, '%s'",
				 m->name, *m->listener ? m->listener : m->cluster);
	return 0;
}

static void index_put(uint32_t *index, size_t buckets, const struct sl_snap_service *s,
		      uint16_t port, uint32_t row)
{
	size_t at = snap_service_hash(&s->ip, port, s->proto) & (buckets - 1);

	while (index[at] != SL_SNAP_NONE)
		at = (at + 1) & (buckets - 1);
	index[at] = row;
}

/* A range stands there port by port: looking one up costs no more than any other. */
static void service_index(struct builder *b)
{
	size_t n = b->tab[SL_SNAP_SERVICES].n, ports = 0, buckets = 8;
	uint32_t *index;

	for (size_t i = 0; i < b->model->n_services; i++)
		ports += sl_model_ports(&b->model->services[i]);
	while (buckets < 2 * ports)
		buckets *= 2;
	index = build_rows(b, SL_SNAP_SERVICE_INDEX, buckets);
	if (!index)
		return;
	memset(index, 0xff, buckets * sizeof(*index)); /* SL_SNAP_NONE */
	for (size_t i = 0; i < n; i++) {
		const struct sl_snap_service *s =
			BUILD_ROW(b, sl_snap_service, SL_SNAP_SERVICES, i);

		for (uint32_t port = s->port; port <= s->port_last; port++)
			index_put(index, buckets, s, (uint16_t)port, (uint32_t)i);
	}
}

/* ---- endpoints that answer clients directly ---- */

static void direct_put(struct sl_snap_direct *table, size_t buckets, const struct sl_ip_port *at,
		       uint32_t off, uint8_t proto)
{
	uint16_t port = (uint16_t)(at->port + off);
	size_t i = snap_service_hash(&at->ip, port, proto) & (buckets - 1);

	while (table[i].proto) {
		if (table[i].port == port && table[i].proto == proto &&
		    sl_ip_eq(&table[i].ip, &at->ip))
			return; /* of another service already */
		i = (i + 1) & (buckets - 1);
	}
	table[i] = (struct sl_snap_direct){at->ip, port, proto, 0};
}

static void direct_table(struct builder *b)
{
	const struct sl_model *m = b->model;
	struct sl_snap_direct *table = NULL;
	size_t n = 0, buckets = 8;

	/* Counted first, then filled. */
	for (int fill = 0; fill < 2; fill++) {
		for (size_t i = 0; i < m->n_services; i++) {
			const struct sl_model_service *s = &m->services[i];
			const struct sl_model_cluster *c =
				s->keep_client ? sl_model_cluster_find(m, s->cluster) : NULL;

			for (size_t e = 0; c && e < c->n_endpoints; e++)
				for (uint32_t p = 0; p < sl_model_ports(s); p++, n++)
					if (fill)
						direct_put(table, buckets, &c->endpoints[e].addr, p,
							   s->proto);
		}
		if (fill || n == 0)
			return;
		while (buckets < 2 * n)
			buckets *= 2;
		table = build_rows(b, SL_SNAP_DIRECT, buckets);
		if (!table)
			return;
	}
}

int build_services(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_services; i++) {
		int rc = service_row(b, &b->model->services[i]);

		if (rc)
			return rc;
	}
	service_index(b);
	direct_table(b);
	return 0;
}

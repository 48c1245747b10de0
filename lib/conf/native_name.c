/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints of native clusters that are written as a name: what it stands for now. */
#include <errno.h>
#include <stdio.h>

#include "names.h"
#include "native.h"
#include "words.h"

bool sl_native_name(const char *text, char name[SL_NAME_TEXT_MAX], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	char host[SL_NAME_TEXT_MAX + 1];
	int64_t number = colon ? sl_word_number(colon + 1, UINT16_MAX) : -1;

	if (number < 1 || colon - text > SL_NAME_TEXT_MAX)
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	*port = (uint16_t)number;
	return sl_name_read(host, name);
}

/* One that is there already, or the box's own. */
static bool passed_over(const struct sl_conf_box *box, const struct sl_model_cluster *cluster,
			const struct sl_ip_port *addr)
{
	for (size_t i = 0; i < cluster->n_endpoints; i++)
		if (cluster->endpoints[i].addr.port == addr->port &&
		    sl_ip_eq(&cluster->endpoints[i].addr.ip, &addr->ip))
			return true;
	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			if (sl_ip_eq(&box->port[p].addr[a].ip, &addr->ip))
				return true;
	return false;
}

static int add(struct sl_reader *r, const struct sl_ip_port *addr,
	       const struct sl_model_endpoint *like, struct sl_model_cluster *cluster)
{
	struct sl_model_endpoint *e;

	if (passed_over(r->names->box, cluster, addr))
		return 0;
	e = sl_model_endpoint_add(cluster);
	if (!e || sl_model_set(&e->locality, like->locality) < 0)
		return sl_native_no_memory(r);
	e->addr = *addr;
	e->weight = like->weight;
	e->priority = like->priority;
	e->health = like->health;
	return 0;
}

int sl_native_name_read(struct sl_reader *r, const config_setting_t *s, const char *text,
			const struct sl_model_endpoint *like, struct sl_model_cluster *cluster)
{
	char name[SL_NAME_TEXT_MAX];
	struct sl_name_wanted want = {.name = name};
	struct sl_ip_port addr = {0};
	const struct sl_objects *set;
	const struct sl_name *found;
	int e;

	if (sl_model_set(&cluster->type, "STRICT_DNS") < 0)
		return sl_native_no_memory(r);
	if (!r->names || !sl_native_name(text, name, &addr.port))
		return 0;
	set = r->names->set;
	want.file = sl_reader_where(r, s, &want.line);
	e = sl_wanted_add(set->wanted, set->names_max, &want);
	if (e == -E2BIG)
		return sl_reader_bad(r, s,
				     "more than %zu names to be looked up; write fewer, or raise "
				     "dns.names",
				     set->names_max);
	found = sl_names_find(set->names, name);
	for (size_t i = 0; e == 0 && found && i < found->n; i++) {
		addr.ip = found->addr[i];
		e = add(r, &addr, like, cluster);
	}
	return e == -ENOMEM ? sl_native_no_memory(r) : e;
}

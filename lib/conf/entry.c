/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ServiceEntries: hosts that are no Services of the cluster, with endpoints written beside them or
 * looked up by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "kube.h"
#include "words.h"

bool sl_kube_entry_served(const struct sl_object *o)
{
	return strcmp(sl_node_text(o->root, "spec.resolution", "NONE"), "NONE") != 0;
}

/* What names among its endpoints stand for. */
static enum sl_kube_names names_of(const struct sl_object *o)
{
	const char *resolution = sl_node_text(o->root, "spec.resolution", "NONE");

	if (strcmp(resolution, "DNS") == 0)
		return SL_KUBE_ALL;
	return strcmp(resolution, "DNS_ROUND_ROBIN") == 0 ? SL_KUBE_FIRST : SL_KUBE_NO_NAMES;
}

static bool has_endpoints(const struct sl_object *o)
{
	return sl_node_len(sl_node_at(o->root, "spec.endpoints")) > 0 ||
	       sl_node_at(o->root, "spec.workloadSelector.labels");
}

/* Without endpoints its hosts are looked up, so each must be a name. */
static int check_hosts(const struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *hosts = sl_node_at(o->root, "spec.hosts");
	char name[SL_NAME_TEXT_MAX], show[SL_SHOW_MAX];

	for (uint32_t i = 0; i < sl_node_len(hosts); i++)
		if (!sl_name_read(hosts->item[i]->text, name))
			return sl_object_bad(o, hosts->item[i]->line, k->err,
					     "host '%s' of ServiceEntry %s cannot be looked up; "
					     "write a whole host name, or endpoints",
					     sl_show(hosts->item[i]->text, show), o->name);
	return 0;
}

static int check(const struct sl_kube *k, const struct sl_object *o)
{
	int line = sl_node_get(o->root, "spec")->line;

	if (!sl_kube_entry_served(o))
		sl_objects_warn(k->set, o, line,
				"ServiceEntry %s: resolution NONE is not served yet; write STATIC "
				"and endpoints, or DNS",
				o->name);
	else if (!has_endpoints(o) && names_of(o) != SL_KUBE_NO_NAMES)
		return check_hosts(k, o);
	else if (!has_endpoints(o))
		sl_objects_warn(k->set, o, line,
				"ServiceEntry %s has neither endpoints nor a workloadSelector; it "
				"takes no requests",
				o->name);
	return 0;
}

int sl_kube_entry_add(struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *hosts = sl_node_at(o->root, "spec.hosts");
	int e = check(k, o);

	for (uint32_t i = 0; e == 0 && i < sl_node_len(hosts); i++) {
		const char *host = hosts->item[i]->text;
		char *key = sl_arena_text(&k->arena, host, strlen(host));

		for (char *p = key; p && *p; p++)
			*p = sl_lower(*p);
		if (!key)
			e = -ENOMEM;
		else if (sl_index_get(&k->entry_by_host, key) < 0)
			e = sl_index_put(&k->entry_by_host, key, (uint32_t)k->n_entry);
	}
	k->entry[k->n_entry++] = o;
	return e;
}

const struct sl_object *sl_kube_entry_find(const struct sl_kube *k, const char *host)
{
	int64_t at = sl_index_get(&k->entry_by_host, host);

	return at < 0 ? NULL : k->entry[at];
}

/* The line on which a host is written. */
static int host_line(const struct sl_object *o, const char *host)
{
	const struct sl_node *hosts = sl_node_at(o->root, "spec.hosts");

	for (uint32_t i = 0; i < sl_node_len(hosts); i++)
		if (strcasecmp(hosts->item[i]->text, host) == 0)
			return hosts->item[i]->line;
	return o->line;
}

static int gather(const struct sl_kube *k, const struct sl_object *o, const char *host,
		  const struct sl_node *port, struct sl_kube_addrs *out)
{
	const struct sl_node *list = sl_node_at(o->root, "spec.endpoints");
	const char *name = sl_node_text(port, "name", "");
	int64_t number = sl_node_int(port, "targetPort", sl_node_int(port, "number", 0));
	struct sl_kube_member like = {.addr.port = (uint16_t)number, .weight = 1, .locality = ""};
	int e = 0;

	out->names = names_of(o);
	if (out->names != SL_KUBE_NO_NAMES && !has_endpoints(o))
		e = sl_kube_add_name(k, o, host_line(o, host), host, &like, out);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
		e = sl_kube_add_workload(k, o, list->item[i], name, number, out);
	if (e == 0)
		e = sl_kube_add_selected(k, o->ns,
					 sl_node_at(o->root, "spec.workloadSelector.labels"), name,
					 number, out);
	sl_kube_addrs_sort(out);
	return e == -ENOMEM ? sl_kube_no_memory(k) : e;
}

int sl_kube_entry_cluster(struct sl_kube *k, const struct sl_object *o, const char *host,
			  const struct sl_node *port, const char *subset,
			  char name[SL_KUBE_NAME_MAX])
{
	static const char *const types[] = {[SL_KUBE_NO_NAMES] = "EDS",
					    [SL_KUBE_ALL] = "STRICT_DNS",
					    [SL_KUBE_FIRST] = "LOGICAL_DNS"};
	struct sl_kube_cluster_head head = {
		.o = o,
		.line = port->line,
		.fqdn = host,
		.subset = subset,
		.type = types[names_of(o)],
		.port = sl_node_int(port, "number", 0),
	};
	struct sl_kube_addrs addrs = {0};
	int e;

	if (sl_kube_cluster_made(k, &head, name))
		return 0;
	e = gather(k, o, host, port, &addrs);
	if (e == 0)
		e = sl_kube_cluster_make(k, &head, &addrs, name);
	free(addrs.v);
	return e;
}

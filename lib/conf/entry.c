/* SPDX-License-Identifier: BSD-3-Clause */
/* ServiceEntries: hosts that are no Services of the cluster, with endpoints written beside them. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "words.h"

/* Whether every endpoint is written as an address, so that nothing has to be looked up. */
static bool all_addresses(const struct sl_node *endpoints)
{
	struct sl_ip ip;

	for (uint32_t i = 0; i < sl_node_len(endpoints); i++)
		if (sl_ip_parse(sl_node_text(endpoints->item[i], "address", ""), &ip, NULL) < 0)
			return false;
	return sl_node_len(endpoints) > 0;
}

bool sl_kube_entry_served(const struct sl_object *o)
{
	const char *resolution = sl_node_text(o->root, "spec.resolution", "NONE");

	if (strcmp(resolution, "STATIC") == 0)
		return true;
	return strncmp(resolution, "DNS", 3) == 0 &&
	       all_addresses(sl_node_at(o->root, "spec.endpoints"));
}

int sl_kube_entry_add(struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *hosts = sl_node_at(o->root, "spec.hosts");
	int e = 0;

	if (!sl_kube_entry_served(o))
		sl_objects_warn(
			k->set, o, sl_node_get(o->root, "spec")->line,
			"ServiceEntry %s: resolution %s is not served yet; write STATIC and "
			"endpoints",
			o->name, sl_node_text(o->root, "spec.resolution", "NONE"));
	else if (sl_node_len(sl_node_at(o->root, "spec.endpoints")) == 0 &&
		 !sl_node_at(o->root, "spec.workloadSelector.labels"))
		sl_objects_warn(k->set, o, sl_node_get(o->root, "spec")->line,
				"ServiceEntry %s has neither endpoints nor a workloadSelector; it "
				"takes no requests",
				o->name);
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

static int gather(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *port,
		  struct sl_kube_addrs *out)
{
	const struct sl_node *list = sl_node_at(o->root, "spec.endpoints");
	const char *name = sl_node_text(port, "name", "");
	int64_t number = sl_node_int(port, "targetPort", sl_node_int(port, "number", 0));
	int e = 0;

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
	const char *resolution = sl_node_text(o->root, "spec.resolution", "NONE");
	struct sl_kube_cluster_head head = {
		.o = o,
		.line = port->line,
		.fqdn = host,
		.subset = subset,
		.type = strcmp(resolution, "STATIC") == 0 ? "EDS" : "STRICT_DNS",
		.port = sl_node_int(port, "number", 0),
	};
	struct sl_kube_addrs addrs = {0};
	int e;

	if (sl_kube_cluster_made(k, &head, name))
		return 0;
	e = gather(k, o, port, &addrs);
	if (e == 0)
		e = sl_kube_cluster_make(k, &head, &addrs, name);
	free(addrs.v);
	return e;
}

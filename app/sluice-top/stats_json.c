/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw numbers of the stats segment as JSON, by the one walk over all of them. */
#include "stats_json.h"

#include <errno.h>

/** Member of an object that is an object itself, made when missing; borrowed. */
static json_t *member(json_t *parent, const char *key)
{
	json_t *child = json_object_get(parent, key);

	if (child)
		return child;
	child = json_object();
	/* Names come from files: what is not UTF-8 can't be a key and is told by its absence. */
	if (json_object_set_new(parent, key, child) < 0)
		return NULL;
	return child;
}

static json_t *hist_json(const struct sl_hist *h)
{
	json_t *buckets = json_array();

	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++) {
		bool last = i == SL_HIST_BUCKETS - 1;
		json_t *below = last ? json_null() : json_integer((json_int_t)sl_hist_bound(i));

		if (h->bucket[i])
			json_array_append_new(buckets,
					      json_pack("{s:o,s:I}", "below_us", below, "count",
							(json_int_t)h->bucket[i]));
		else
			json_decref(below);
	}
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "count", (json_int_t)h->count, "sum_us",
			 (json_int_t)h->sum_us, "p50_us", (json_int_t)sl_hist_quantile(h, 0.5),
			 "p90_us", (json_int_t)sl_hist_quantile(h, 0.9), "p99_us",
			 (json_int_t)sl_hist_quantile(h, 0.99), "buckets", buckets);
}

static json_t *number_json(const struct sl_stats_item *it, uint64_t v)
{
	return json_integer((json_int_t)(it->kind[0] == 'g' ? sl_stats_gauge(v) : v));
}

static json_t *value_json(const struct sl_stats_item *it)
{
	json_t *workers = json_array();

	for (uint32_t i = 0; i + 1 < it->n; i++)
		json_array_append_new(workers, number_json(it, it->value[i]));
	return json_pack("{s:o,s:o,s:o}", "sum", number_json(it, it->sum), "workers", workers,
			 "main", number_json(it, it->value[it->n - 1]));
}

/** Groups that are told in the plural, as sluicectl does. */
static const char *group_key(const char *group)
{
	return strcmp(group, "worker") == 0 ? "workers"
	       : strcmp(group, "drop") == 0 ? "drops"
					    : group;
}

static int add(void *root, const struct sl_stats_item *it)
{
	json_t *group = member(root, group_key(it->group)), *object, *value;

	if (!group)
		return -ENOMEM;
	object = it->object[0] ? member(group, it->object) : group;
	if (!object)
		return json_object_set_new(group, "?", json_null()) < 0 ? -ENOMEM : 0;
	value = it->hist ? hist_json(it->hist) : value_json(it);
	return json_object_set_new(object, it->field, value) < 0 ? -ENOMEM : 0;
}

json_t *stats_json(const struct sl_stats *stats, int *rc)
{
	json_t *root = json_object();

	*rc = root ? sl_stats_visit(stats, add, root) : -ENOMEM;
	if (*rc == 0)
		return root;
	json_decref(root);
	return NULL;
}

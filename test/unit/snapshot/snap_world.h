/* SPDX-License-Identifier: BSD-3-Clause */
/* Small models for the snapshot tests. */
#ifndef SNAP_WORLD_H
#define SNAP_WORLD_H

#include "sl_match.h"
#include "sl_snap_build.h"

/** A built, checked snapshot and a scratch for it. */
struct world {
	struct sl_snap *snap;
	size_t size;
	struct sl_match_scratch *scratch;
};

/** Builds, checks and grows a scratch; fails the test otherwise. */
void world_build(struct world *w, const struct sl_model *m, uint64_t epoch,
		 const struct sl_snap *prev, struct sl_snap_cache *cache);
void world_free(struct world *w);

/** Two listeners, two tables, exact, suffix and any hosts, five clusters, services of each kind. */
struct sl_model *world_model(void);

struct sl_model_route *world_route(struct sl_model_vhost *v, enum sl_path_match match,
				   const char *path, const char *cluster);

/** sl_snap_route_find of a plain GET without fields. */
int world_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
	       struct sl_str host, struct sl_str path, struct sl_route_hit *hit);
void world_endpoint(struct sl_model_cluster *c, const char *addr, enum sl_health health);
void world_service(struct sl_model *m, const char *name, const char *addr, uint8_t proto,
		   const char *listener, const char *cluster);

#endif

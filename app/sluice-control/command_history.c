/* SPDX-License-Identifier: BSD-3-Clause */
/* history, rollback and confirm: which configurations there were, and the way back to one. */
#include <errno.h>

#include "control.h"

int command_history(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		    struct sl_err *err)
{
	json_t *list = json_array();
	uint64_t now = c->snap.map != NULL ? history_epoch(c->history, c->snap.map->epoch) : 0;

	if (json_object_set_new(answer, "epochs", list) < 0)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; i < history_count(c->history); i++) {
		const struct history_entry *e = history_at(c->history, i);

		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:o, s:I, s:I, s:b, s:b}", "epoch",
				  (json_int_t)e->epoch, "wall_us", (json_int_t)e->wall_us, "cause",
				  json_text(e->cause), "manifests", (json_int_t)e->manifests,
				  "applied", (json_int_t)e->applied, "in_use", e->epoch == now,
				  "pinned", c->pin != 0 && e->epoch == c->pin));
	}
	return 0;
}

int command_rollback(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		     struct sl_err *err)
{
	const json_t *epoch = json_object_get(request, "epoch");
	struct waiter waiter = {client, answer};
	char cause[32];
	int rc;

	if (!json_is_integer(epoch) || json_integer_value(epoch) < 1)
		return sl_err(err, EINVAL, "The request needs \"epoch\", a number above 0.");
	snprintf(cause, sizeof(cause), "rollback to %lld", (long long)json_integer_value(epoch));
	rc = change_rollback(c, (uint64_t)json_integer_value(epoch), cause, waiter, err);
	if (rc < 0)
		return rc;
	return COMMAND_LATER;
}

int command_confirm(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		    struct sl_err *err)
{
	int rc;

	if (c->confirm.epoch == 0)
		return sl_err(err, ENOENT, "No change waits to be confirmed.");
	rc = state_setting_remove(c->state_dir, STATE_CONFIRM, err);
	if (rc < 0)
		return rc;
	c->confirm = (struct confirmation){0};
	sl_log(SL_LOG_INFO, "Epoch %llu is confirmed.", (unsigned long long)c->hdr->want_epoch);
	json_object_set_new(answer, "epoch", json_integer((json_int_t)c->hdr->want_epoch));
	return 0;
}

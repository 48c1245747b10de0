/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of admin commands, and those that only tell how control and data plane are. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

static command_fn command_status, command_version, command_drain, command_undrain;

static const struct command {
	const char *name;
	command_fn *run;
	bool alone; /* not while a change is on its way */
} commands[] = {
	{"apply", command_apply, true},      {"delete", command_delete, true},
	{"check", command_check, false},     {"reload", command_reload, true},
	{"status", command_status, false},   {"get", command_get, false},
	{"pc", command_pc, false},           {"explain", command_explain, false},
	{"version", command_version, false}, {"drain", command_drain, true},
	{"undrain", command_undrain, true},  {"rollback", command_rollback, true},
	{"history", command_history, false}, {"confirm", command_confirm, true},
	{"diff", command_diff, false},       {"recent", command_recent, false},
};

static int unknown(const char *name, struct sl_err *err)
{
	const char *names[SL_ARRAY_LEN(commands) + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < SL_ARRAY_LEN(commands); i++)
		names[i] = commands[i].name;
	near = sl_nearest(name, names);
	if (near != NULL)
		return sl_err(err, EINVAL, "There is no command \"%.40s\"; did you mean \"%s\"?",
			      name, near);
	return sl_err(err, EINVAL, "There is no command \"%.40s\".", name);
}

int command_run(struct control *c, uint64_t client, const json_t *request, json_t **answer,
		struct sl_err *err)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
	json_t *a;
	int rc;

	*answer = NULL;
	if (name == NULL)
		return sl_err(err, EINVAL,
			      "The request has no member \"cmd\" with a command's "
			      "name.");
	for (size_t i = 0; i < SL_ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (commands[i].alone && c->change.active)
			return -EAGAIN;
		a = json_pack("{s:b}", "ok", 1);
		if (a == NULL)
			return sl_err(err, ENOMEM, "Out of memory.");
		rc = commands[i].run(c, client, request, a, err);
		if (rc == 0)
			*answer = a;
		else
			json_decref(a);
		return rc;
	}
	return unknown(name, err);
}

static int command_version(struct control *c, uint64_t client, const json_t *request,
			   json_t *answer, struct sl_err *err)
{
	return json_object_set_new(answer, "version", json_string(SL_VERSION)) < 0
		       ? sl_err(err, ENOMEM, "Out of memory.")
		       : 0;
}

static json_t *status_daemon(struct control *c)
{
	bool alive = publish_daemon_alive(c);
	json_t *workers = json_array();

	for (uint32_t i = 0; alive && i < SL_MIN(c->hdr->daemon_workers, SL_CTL_WORKERS_MAX); i++)
		json_array_append_new(workers, json_pack("{s:i, s:I}", "worker", (int)i, "epoch",
							 (json_int_t)c->daemon.acked[i]));
	return json_pack("{s:b, s:i, s:o}", "running", alive, "pid", alive ? c->hdr->daemon_pid : 0,
			 "workers", workers);
}

/* What is known of changes: how long they took, and what holds them. */
static json_t *status_changes(const struct control *c)
{
	json_t *o = json_pack("{s:I, s:I, s:I}", "changes", (json_int_t)c->timing.n,
			      "change_p50_us", (json_int_t)timing_quantile(&c->timing, 0.5),
			      "change_p99_us", (json_int_t)timing_quantile(&c->timing, 0.99));
	uint64_t wall = sl_wall_us();

	if (c->pin != 0) {
		json_object_set_new(o, "pinned", json_integer((json_int_t)c->pin));
		json_object_set_new(o, "files_newer", json_boolean(c->files_newer));
	}
	if (c->confirm.epoch != 0) {
		uint64_t left = c->confirm.wall_us > wall ? c->confirm.wall_us - wall : 0;

		json_object_set_new(o, "confirm_epoch", json_integer((json_int_t)c->confirm.epoch));
		json_object_set_new(o, "confirm_left_s",
				    json_integer((json_int_t)((left + 999999) / 1000000)));
	}
	return o;
}

static int command_status(struct control *c, uint64_t client, const json_t *request, json_t *answer,
			  struct sl_err *err)
{
	uint64_t written, lost;
	json_t *status;

	access_log_counts(c->log, &written, &lost);
	status = json_pack("{s:s, s:s, s:i, s:I, s:s, s:I, s:b, s:i, s:i, s:o, s:{s:I, s:I}, s:o}",
			   "instance", c->instance, "version", SL_VERSION, "pid", (int)getpid(),
			   "uptime_us", (json_int_t)(sl_clock_us() - c->started_us), "conf",
			   c->conf_path, "want_epoch", (json_int_t)c->hdr->want_epoch, "publishing",
			   c->pub.active, "objects", (int)sl_objects_count(c->objects), "applied",
			   (int)sl_objects_count(c->applied), "fault",
			   json_text(c->fault.text[0] ? c->fault.text : c->source_fault.text),
			   "access_log", "written", (json_int_t)written, "lost", (json_int_t)lost,
			   "data_plane", status_daemon(c));
	if (status == NULL || json_object_update(answer, status) < 0) {
		json_decref(status);
		return sl_err(err, ENOMEM, "Out of memory.");
	}
	json_decref(status);
	json_object_update_new(answer, status_changes(c));
	json_object_set_new(answer, "dns", dns_status(c->dns));
	return 0;
}

static int draining(struct control *c, uint64_t client, json_t *answer, bool on, struct sl_err *err)
{
	int rc = publish_command(c, on ? SL_CTL_DRAIN : SL_CTL_UNDRAIN, err);

	if (rc < 0)
		return rc;
	c->change = (struct change){
		.active = true, .cause = "drain", .waiter = {client, json_incref(answer)}};
	return COMMAND_LATER;
}

static int command_drain(struct control *c, uint64_t client, const json_t *request, json_t *answer,
			 struct sl_err *err)
{
	return draining(c, client, answer, true, err);
}

static int command_undrain(struct control *c, uint64_t client, const json_t *request,
			   json_t *answer, struct sl_err *err)
{
	return draining(c, client, answer, false, err);
}

"""Reusable looks: they know values and NiceGUI, not the business. What there is, by file.

Every piece creates elements in the current slot; classes keep them and change them in place by `set(...)`.
Texts are shown as text, never as HTML. Load data before building a page: a `ui.timer` in a builder sends
the page unfinished. No slot templates beside live figures: NiceGUI remounts them at each update.

theme         install(app); icon(name), icon_name, icon_names; Tone, Ink; asset; accent_css(hex); contrast;
              chosen_theme, has_touch_screen; plot_layout, line_trace, bar_trace, PLOT_CONFIG, TIME_TICKS
elements      box(classes, tag, **attributes), text(content, classes, tag), button, icon_button, link_button,
              link, checked_href, card(title), body(), row(title, note, symbol=, href=), fact_list, fact
frame         console_frame(title, user_name=, role_label=, menu=[MenuEntry], active=...),
              portal_frame(title, isp_name=, tabs=[Tab], active=, accent=...),
              plain_frame(title, isp_name=...), sign_out_button
search        Hit, Search (async words -> hits), search_palette
money         money_label(amount).set, money_cell, money_input, read_money, money_text
status_badge  badge(status or Look).set, look_of(status) -> Look, status_cell,
              OVERDUE, ONLINE, OFFLINE, UNMATCHED
data_table    DataTable(columns, fetch, label=, sort=...): refresh, set_count; Column, TableQuery, TableTab,
              RowAction, Empty
form          Form(on_submit) in `with`: text area password whole money date choice switch add pair submit;
              post_form, post_field, post_hidden, post_submit for plain HTML forms
dialogs       await confirm(...), ask_reason(...), confirm_by_name(...)
feedback      toast_ok, toast_error, say_error, run_action, action_button, note, inline_error, Progress, Steps
stat_card     stat_card(label, value, symbol=...).set, sparkline
timeline      Timeline([Happening]).set, prepend
moments       moment(at, now=, timezone=), say_when, say_exactly, say_day
charts        Chart(title, labels, [Series], unit=, period=).set, plain_table
live_chart    LiveChart(title, [Point], timezone=...).push(at, download_bps, upload_bps), set
usage_bar     usage_bar(used_bytes, cap_bytes).set, usage_cell; avatar: avatar(name), who_cell
the rest      copyable(content, what=), empty_state(title, message), skeleton, skeleton_rows, skeleton_card
"""

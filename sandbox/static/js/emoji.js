/** The emoji that bots use most, by Slack's short names. */

const TABLE = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|wave 👋|raised_hands 🙌|clap 👏|pray 🙏|ok_hand 👌|point_right 👉|point_left 👈|point_up 👆
point_down 👇|muscle 💪|eyes 👀|smile 😄|slightly_smiling_face 🙂|grinning 😀|joy 😂|wink 😉|thinking_face 🤔|sob 😭|sleeping 😴|zzz 💤
heart ❤️|tada 🎉|sparkles ✨|star ⭐|fire 🔥|rocket 🚀|zap ⚡|bulb 💡|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌
negative_squared_cross_mark ❎|warning ⚠️|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|rotating_light 🚨|exclamation ❗|question ❓
information_source ℹ️|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|key 🔑|old_key 🗝️|closed_lock_with_key 🔐|lock 🔒|unlock 🔓|shield 🛡️
ticket 🎫|admission_tickets 🎟️|hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|clock1 🕐|calendar 📆|date 📅|spiral_calendar_pad 🗓️
memo 📝|pencil ✏️|pencil2 ✏️|clipboard 📋|page_facing_up 📄|scroll 📜|bookmark 🔖|label 🏷️|paperclip 📎|pushpin 📌|round_pushpin 📍|link 🔗
mag 🔍|dart 🎯|bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|package 📦|inbox_tray 📥|outbox_tray 📤|email 📧|envelope ✉️
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrows_counterclockwise 🔄|repeat 🔁|rewind ⏪|leftwards_arrow_with_hook ↩️
arrow_right_hook ↪️|double_vertical_bar ⏸️|arrow_forward ▶️|black_square_for_stop ⏹️|recycle ♻️|wastebasket 🗑️|gear ⚙️|wrench 🔧|hammer 🔨
hammer_and_wrench 🛠️|construction 🚧|robot_face 🤖|ghost 👻|bust_in_silhouette 👤|busts_in_silhouette 👥|office 🏢|house 🏠|computer 💻
desktop_computer 🖥️|globe_with_meridians 🌐|earth_africa 🌍|satellite_antenna 📡|red_circle 🔴|large_blue_circle 🔵|large_green_circle 🟢
large_yellow_circle 🟡|large_orange_circle 🟠|white_circle ⚪|black_circle ⚫|small_red_triangle 🔺|small_blue_diamond 🔹|bell_off 🔕|seedling 🌱
sunny ☀️|cloud ☁️|coffee ☕|trophy 🏆|medal 🏅|checkered_flag 🏁|triangular_flag_on_post 🚩|white_flag 🏳️|moneybag 💰|handshake 🤝|broom 🧹
crown 👑|speech_balloon 💬|new 🆕|hand ✋|raised_hand ✋|door 🚪
`;

const EMOJI = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((pair) => pair.split(" ")),
);

/** The character for a short name (without colons), or null. */
export function findEmoji(name) {
  return EMOJI.get(name.replace(/::skin-tone-\d$/, "")) ?? null;
}

/** Replace `:name:` in plain text. */
export function replaceEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => findEmoji(name) ?? whole);
}

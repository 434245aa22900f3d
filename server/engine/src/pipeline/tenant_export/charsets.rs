//! Text of the character sets that are not Unicode, as the servers read it.
//!
//! A set of one byte is the upper half of its table, taken from a server; the lower one is ASCII. Those of several bytes
//! are those of the web, which differ from the servers' in a few places. What a set has no character for is no text.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS};

/// Bytes 80 to FF. `\u{fffd}` stands for nothing.
#[rustfmt::skip]
const UPPER: &[(&str, &str)] = &[
    ("latin1", "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"),
    ("latin2", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{ad}ŽŻ°ą˛ł´ľśˇ¸šşťź˝žżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"),
    ("latin5", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ"),
    ("latin7", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}”¢£¤„¦§Ø©Ŗ«¬\u{ad}®Æ°±²³“µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž’"),
    ("cp1250", "€\u{fffd}‚\u{fffd}„…†‡\u{fffd}‰Š‹ŚŤŽŹ\u{fffd}‘’“”•–—\u{fffd}™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙"),
    ("cp1251", "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{fffd}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
    ("cp1256", "€\u{67e}‚ƒ„…†‡ˆ‰\u{fffd}‹Œ\u{686}\u{698}\u{fffd}\u{6af}‘’“”•–—\u{fffd}™\u{fffd}›œ\u{200c}\u{200d}\u{fffd}\u{a0}،¢£¤¥¦§¨©\u{fffd}«¬\u{ad}®¯°±²³´µ¶·¸¹\u{61b}»¼½¾\u{61f}\u{fffd}\u{621}\u{622}\u{623}\u{624}\u{625}\u{626}\u{627}\u{628}\u{629}\u{62a}\u{62b}\u{62c}\u{62d}\u{62e}\u{62f}\u{630}\u{631}\u{632}\u{633}\u{634}\u{635}\u{636}×\u{637}\u{638}\u{639}\u{63a}\u{640}\u{641}\u{642}\u{643}à\u{644}â\u{645}\u{646}\u{647}\u{648}çèéêë\u{649}\u{64a}îï\u{64b}\u{64c}\u{64d}\u{64e}ô\u{64f}\u{650}÷\u{651}ù\u{652}ûü\u{200e}\u{200f}\u{fffd}"),
    ("cp1257", "€\u{fffd}‚\u{fffd}„…†‡\u{fffd}‰\u{fffd}‹\u{fffd}¨ˇ¸\u{fffd}‘’“”•–—\u{fffd}™\u{fffd}›\u{fffd}¯˛\u{fffd}\u{a0}\u{fffd}¢£¤\u{fffd}¦§Ø©Ŗ«¬\u{ad}®Æ°±²³´µ¶·ø¹ŗ»¼½¾æĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙"),
    ("cp850", "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}"),
    ("cp852", "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}"),
    ("cp866", "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√ⁿ²■\u{a0}"),
    ("koi8r", "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u{a0}⌡°²·÷═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"),
    ("koi8u", "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■•√≈≤≥\u{a0}⌡°²·÷═║╒ёє╔ії╗╘╙╚╛ґ╝╞╟╠╡ЁЄ╣ІЇ╦╧╨╩╪Ґ╬©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"),
    ("greek", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}ʽʼ£\u{fffd}\u{fffd}¦§¨©\u{fffd}«¬\u{ad}\u{fffd}―°±²³΄΅Ά·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ\u{fffd}ΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ\u{fffd}"),
    ("hebrew", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}\u{fffd}¢£¤¥¦§¨©×«¬\u{ad}®‾°±²³´µ¶·¸¹÷»¼½¾\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}‗\u{5d0}\u{5d1}\u{5d2}\u{5d3}\u{5d4}\u{5d5}\u{5d6}\u{5d7}\u{5d8}\u{5d9}\u{5da}\u{5db}\u{5dc}\u{5dd}\u{5de}\u{5df}\u{5e0}\u{5e1}\u{5e2}\u{5e3}\u{5e4}\u{5e5}\u{5e6}\u{5e7}\u{5e8}\u{5e9}\u{5ea}\u{fffd}\u{fffd}\u{200e}\u{200f}\u{fffd}"),
    ("tis620", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{fffd}กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลฦวศษสหฬอฮฯะ\u{e31}าำ\u{e34}\u{e35}\u{e36}\u{e37}\u{e38}\u{e39}\u{e3a}\u{fffd}\u{fffd}\u{fffd}\u{fffd}฿เแโใไๅๆ\u{e47}\u{e48}\u{e49}\u{e4a}\u{e4b}\u{e4c}\u{e4d}\u{e4e}๏๐๑๒๓๔๕๖๗๘๙๚๛\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
    ("armscii8", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}❁§։)(»«—.՝,-՟…՜՛՞ԱաԲբԳգԴդԵեԶզԷէԸըԹթԺժԻիԼլԽխԾծԿկՀհՁձՂղՃճՄմՅյՆնՇշՈոՉչՊպՋջՌռՍսՎվՏտՐրՑցՒւՓփՔքՕօՖֆ’'"),
    ("geostd8", "€\u{fffd}‚\u{fffd}„…†‡\u{fffd}‰\u{fffd}‹\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}‘’“”•–—\u{fffd}\u{fffd}\u{fffd}›\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿აბგდევზჱთიკლმნჲოპჟრსტჳუფქღყშჩცძწჭხჴჯჰჵ\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}№\u{fffd}\u{fffd}"),
    ("macroman", "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ"),
    ("macce", "ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u{a0}ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ"),
    ("keybcs2", "ČüéďäĎŤčěĚĹÍľĺÄÁÉžŽôöÓůÚýÖÜŠĽÝŘťáíóúňŇŮÔšřŕŔ¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"),
    ("hp8", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}ÀÂÈÊËÎÏ´ˋˆ¨˜ÙÛ₤¯Ýý°ÇçÑñ¡¿¤£¥§ƒ¢âêôûáéóúàèòùäëöüÅîØÆåíøæÄìÖÜÉïßÔÁÃãÐðÍÌÓÒÕõŠšÚŸÿÞþ·µ¶¾—¼½ªº«■»±\u{fffd}"),
    ("dec8", "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}¡¢£\u{fffd}¥\u{fffd}§¤©ª«\u{fffd}\u{fffd}\u{fffd}\u{fffd}°±²³\u{fffd}µ¶·\u{fffd}¹º»¼½\u{fffd}¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ\u{fffd}ÑÒÓÔÕÖŒØÙÚÛÜŸ\u{fffd}ßàáâãäåæçèéêëìíîï\u{fffd}ñòóôõöœøùúûüÿ\u{fffd}\u{fffd}"),
];

/// Where Sweden has put its letters.
const SWE7: &[(u8, char)] = &[
    (0x40, '\u{c9}'),
    (0x5b, '\u{c4}'),
    (0x5c, '\u{d6}'),
    (0x5d, '\u{c5}'),
    (0x5e, '\u{dc}'),
    (0x60, '\u{e9}'),
    (0x7b, '\u{e4}'),
    (0x7c, '\u{f6}'),
    (0x7d, '\u{e5}'),
    (0x7e, '\u{fc}'),
];

/// The text that `bytes` are in `charset`; nothing if they are none, or the set is not known.
pub fn decode(charset: &str, bytes: &[u8]) -> Option<String> {
    if let Some((_, upper)) = UPPER.iter().find(|(name, _)| *name == charset) {
        let upper: Vec<char> = upper.chars().collect();
        return bytes.iter().map(|byte| one(*byte, &upper)).collect();
    }
    match charset {
        "ucs2" | "utf16" => utf16(bytes, u16::from_be_bytes),
        "utf16le" => utf16(bytes, u16::from_le_bytes),
        "utf32" => {
            bytes.chunks(4).map(|four| char::from_u32(u32::from_be_bytes(four.try_into().ok()?))).collect()
        }
        "swe7" => bytes.iter().map(|byte| swedish(*byte)).collect(),
        _ => several(charset, bytes),
    }
}

fn one(byte: u8, upper: &[char]) -> Option<char> {
    match byte.checked_sub(0x80) {
        None => Some(char::from(byte)),
        Some(at) => upper.get(usize::from(at)).copied().filter(|found| *found != char::REPLACEMENT_CHARACTER),
    }
}

fn swedish(byte: u8) -> Option<char> {
    let own = SWE7.iter().find(|(own, _)| *own == byte).map(|(_, letter)| *letter);
    own.or_else(|| (byte < 0x7f).then(|| char::from(byte)))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units: Option<Vec<u16>> = bytes.chunks(2).map(|two| Some(unit(two.try_into().ok()?))).collect();
    String::from_utf16(&units?).ok()
}

/// Text of a set of several bytes a character: that of the web, but for where the servers differ.
fn several(charset: &str, bytes: &[u8]) -> Option<String> {
    let encoding = web(charset)?;
    let (mut text, mut done, mut at) = (String::new(), 0, 0);
    while let Some(lead) = bytes.get(at) {
        let length = length(charset, *lead);
        let pair =
            if length == 2 { bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes) } else { None };
        if let Some(own) = pair.and_then(|pair| differs(charset, pair)) {
            text.push_str(&plain(encoding, bytes.get(done..at)?)?);
            let Own::Character(own) = own else { return None };
            text.push(own);
            done = at + length;
        }
        at += length;
    }
    text.push_str(&plain(encoding, bytes.get(done..)?)?);
    Some(text)
}

fn plain(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// Bytes of the character that begins with `lead`.
fn length(charset: &str, lead: u8) -> usize {
    match (charset, lead) {
        (_, 0..0x80) | ("sjis" | "cp932", 0xa0..=0xdf) => 1,
        ("ujis" | "eucjpms", 0x8f) => 3,
        // Four, sometimes; but its second pair begins like the first, or with a digit, which stands for itself.
        _ => 2,
    }
}

/// What the servers read where the web reads something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Character(char),
    /// None that is known here.
    Unknown,
}

/// What the servers read in `pair`, if it is not what the web reads.
fn differs(charset: &str, pair: u16) -> Option<Own> {
    let unread = match charset {
        // Everybody's own characters.
        "ujis" | "eucjpms" => (0xf5a1..=0xfefe).contains(&pair),
        "big5" => (0xc6a1..=0xc8fe).contains(&pair),
        _ => false,
    };
    if unread {
        return Some(Own::Unknown);
    }
    let (_, own) = DIFFERENT.iter().find(|(name, _)| *name == charset)?;
    let (_, found) = own.iter().find(|(code, _)| *code == pair)?;
    Some(if *found == char::REPLACEMENT_CHARACTER { Own::Unknown } else { Own::Character(*found) })
}

/// By set and code. `\u{fffd}` stands for nothing.
const DIFFERENT: &[(&str, &[(u16, char)])] = &[
    (
        "sjis",
        &[
            (0x815f, '\\'),
            (0x8160, '\u{301c}'),
            (0x8161, '\u{2016}'),
            (0x817c, '\u{2212}'),
            (0x8191, '\u{a2}'),
            (0x8192, '\u{a3}'),
            (0x81ca, '\u{ac}'),
        ],
    ),
    (
        "ujis",
        &[
            (0xa1c0, '\\'),
            (0xa1c1, '\u{301c}'),
            (0xa1c2, '\u{2016}'),
            (0xa1dd, '\u{2212}'),
            (0xa1f1, '\u{a2}'),
            (0xa1f2, '\u{a3}'),
            (0xa2cc, '\u{ac}'),
        ],
    ),
    ("gb2312", &[(0xa1a4, '\u{30fb}'), (0xa1aa, '\u{2015}')]),
    (
        "big5",
        &[
            (0xa145, '\u{2022}'),
            (0xa14e, '\u{ff64}'),
            (0xa15a, '\u{fffd}'),
            (0xa1c2, '\u{203e}'),
            (0xa1c3, '\u{fffd}'),
            (0xa1c5, '\u{fffd}'),
            (0xa1e3, '\u{223c}'),
            (0xa1f2, '\u{2641}'),
            (0xa1f3, '\u{2609}'),
            (0xa1fe, '\u{fffd}'),
            (0xa240, '\u{fffd}'),
            (0xa241, '\u{ff0f}'),
            (0xa242, '\u{ff3c}'),
            (0xa244, '\u{a5}'),
            (0xa246, '\u{a2}'),
            (0xa247, '\u{a3}'),
            (0xa2cc, '\u{fffd}'),
            (0xa2ce, '\u{fffd}'),
        ],
    ),
];

fn web(charset: &str) -> Option<&'static Encoding> {
    Some(match charset {
        "sjis" | "cp932" => SHIFT_JIS,
        "ujis" | "eucjpms" => EUC_JP,
        "euckr" => EUC_KR,
        "gb2312" | "gbk" | "gb18030" => GB18030,
        "big5" => BIG5,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_table_is_whole() {
        for (name, upper) in UPPER {
            assert_eq!(upper.chars().count(), 128, "{name}");
        }
    }

    #[test]
    fn other_character_sets_become_readable() {
        for (charset, bytes, text) in [
            ("latin1", b"d\xe9j\xe0 \x80".as_slice(), Some("d\u{e9}j\u{e0} \u{20ac}")),
            ("latin2", b"\xb6\xb3", Some("\u{15b}\u{142}")),
            ("ucs2", b"\x00\xe9\x4e\x2d", Some("\u{e9}\u{4e2d}")),
            ("ucs2", b"\x00", None),
            ("utf16le", b"\x3d\xd8\x00\xde", Some("\u{1f600}")),
            ("utf32", b"\x00\x01\xf6\x00", Some("\u{1f600}")),
            ("swe7", b"\\l", Some("\u{d6}l")),
            ("gbk", b"\xc4\xe3", Some("\u{4f60}")),
            ("sjis", b"\x95\x5c\\", Some("\u{8868}\\")),
            ("sjis", b"\x95", None),
            ("sjis", b"a\xb1\x81\x60b", Some("a\u{ff71}\u{301c}b")),
            ("ujis", b"\x8f\xb0\xa1\xa1\xc1", Some("\u{4e02}\u{301c}")),
            ("eucjpms", b"\xf9\xa1", None),
            ("gb18030", b"\x94\x39\xda\x33a", Some("\u{1f4a9}a")),
            ("hebrew", b"\xff", None),
            ("klingon", b"a", None),
        ] {
            assert_eq!(decode(charset, bytes).as_deref(), text, "{charset} {bytes:02x?}");
        }
        assert_eq!(decode("hebrew", &[0xe0]).unwrap(), "\u{5d0}");
    }
}

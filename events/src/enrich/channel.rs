//! The marketing channel of a visit, by the rules and under the names of Google Analytics 4 as
//! Plausible applies them, with `AI Assistants` besides. The first rule that fits decides.
//!
//! Wrong where campaigns are tagged with mediums of somebody's own making: those are referrals.

use super::campaign::{Campaign, Click};
use super::referrer::Source;
use super::sources::Family;

/// The channel of a visit that came from `source` with `campaign` in its address.
pub(super) fn of(source: Option<&Source<'_>>, campaign: &Campaign<'_>) -> &'static str {
    let medium = &campaign.medium.to_ascii_lowercase();
    let name = &campaign.campaign.to_ascii_lowercase();
    let written = &campaign.source.to_ascii_lowercase();
    let family = source.and_then(|source| source.family);
    if name.contains("cross-network") {
        return "Cross-network";
    }
    if is_paid(medium) || is_paid_click(family, campaign.click) {
        return paid(family, name);
    }
    if matches!(medium.as_str(), "display" | "banner" | "expandable" | "interstitial" | "cpm")
        || campaign.click == Some(Click::Display)
    {
        return "Display";
    }
    organic(family, medium, name, written).unwrap_or(match (source, medium.as_str()) {
        (Some(_), _) | (None, "referral" | "app" | "link") => "Referral",
        (None, _) => "Direct",
    })
}

fn is_paid(medium: &str) -> bool {
    medium.contains("cp") && medium != "cpm"
        || medium == "ppc"
        || medium == "retargeting"
        || medium.starts_with("paid")
}

/// Click ids that stand for paid clicks alone; `fbclid` is on every link of Facebook's.
fn is_paid_click(family: Option<Family>, click: Option<Click>) -> bool {
    match click {
        Some(Click::Google | Click::Microsoft) => matches!(family, Some(Family::Search | Family::Shopping)),
        Some(Click::TikTok | Click::X | Click::LinkedIn) => family == Some(Family::Social),
        Some(Click::Meta | Click::Display) | None => false,
    }
}

fn paid(family: Option<Family>, campaign: &str) -> &'static str {
    if is_shopping(campaign) {
        return "Paid Shopping";
    }
    match family {
        Some(Family::Shopping) => "Paid Shopping",
        Some(Family::Search) => "Paid Search",
        Some(Family::Social) => "Paid Social",
        Some(Family::Video) => "Paid Video",
        _ => "Paid Other",
    }
}

fn organic(family: Option<Family>, medium: &str, campaign: &str, written: &str) -> Option<&'static str> {
    let is_mail = |text: &str| matches!(text, "email" | "e-mail" | "e_mail" | "e mail" | "newsletter");
    Some(match family {
        Some(Family::Shopping) => "Organic Shopping",
        _ if is_shopping(campaign) => "Organic Shopping",
        Some(Family::Assistant) => "AI Assistants",
        _ if is_mail(medium) || is_mail(written) => "Email",
        Some(Family::Social) => "Organic Social",
        _ if matches!(
            medium,
            "social" | "social-network" | "social-media" | "sm" | "social network" | "social media"
        ) =>
        {
            "Organic Social"
        }
        Some(Family::Video) => "Organic Video",
        _ if medium.contains("video") => "Organic Video",
        Some(Family::Search) => "Organic Search",
        _ if medium == "organic" => "Organic Search",
        Some(Family::Email) => "Email",
        _ if medium.starts_with("affiliate") => "Affiliates",
        _ if medium == "audio" => "Audio",
        _ if medium == "sms" || written == "sms" => "SMS",
        _ if medium.ends_with("push")
            || medium.contains("mobile")
            || medium.contains("notification")
            || written == "firebase" =>
        {
            "Mobile Push Notifications"
        }
        _ => return None,
    })
}

/// `shop` or `shopping` as a word of the campaign's name, not inside `workshop`.
fn is_shopping(campaign: &str) -> bool {
    campaign.split(|c: char| !c.is_alphanumeric()).any(|word| word == "shop" || word == "shopping")
}

//! Sites and their settings.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use opentrace_events::money::is_currency;
use opentrace_events::site::{BotPolicy, normalise};
use opentrace_events::{Site, SiteId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::definitions::renumber;
use super::{Meta, now_ms};
use crate::StoreError;

/// The longest that events may be kept, where not for ever: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// Settings given when a site is made or changed; what is `None` keeps its default or its value.
#[derive(Clone, Debug, Default)]
pub struct SiteChange {
    /// The name of a site that has one. What it was called stays known: [`Meta::former_domains`].
    pub domain: Option<String>,
    /// An IANA name.
    pub timezone: Option<String>,
    pub week_start: Option<Weekday>,
    pub identified: Option<bool>,
    pub currency: Option<String>,
    pub bots: Option<BotPolicy>,
    pub honour_privacy_signals: Option<bool>,
    pub retention_days: Option<u32>,
}

impl Meta {
    /// Every site, by id.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        let rows = sqlx::query("SELECT * FROM sites ORDER BY id").fetch_all(&self.pool).await?;
        rows.iter().map(site_of).collect()
    }

    /// Makes a site.
    ///
    /// # Errors
    /// [`StoreError::Exists`] and [`StoreError::Invalid`], naming the field.
    pub async fn create_site(&self, domain: &str, settings: &SiteChange) -> Result<Site, StoreError> {
        let domain = checked_domain(domain)?;
        let blank = Site {
            id: SiteId(0),
            domain,
            timezone: TimeZone::UTC,
            week_start: Weekday::Monday,
            identified: false,
            numbered: false,
            currency: "USD".to_owned(),
            bots: BotPolicy::Drop,
            honour_privacy_signals: false,
            retention_days: 0,
            calendar: 0,
        };
        let mut transaction = self.change().await?;
        let mut site = apply(blank, settings)?;
        let insert = sqlx::query(
            "INSERT INTO sites (domain, timezone, week_start, identified, currency, bots, \
             honour_privacy_signals, retention_days, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        let done = insert
            .bind(&site.domain)
            .bind(zone_name(&site))
            .bind(i64::from(site.week_start.to_monday_one_offset()))
            .bind(site.identified)
            .bind(&site.currency)
            .bind(bots_name(site.bots))
            .bind(site.honour_privacy_signals)
            .bind(i64::from(site.retention_days))
            .bind(now_ms())
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, &site))?;
        site.id =
            SiteId(u32::try_from(done.last_insert_rowid()).map_err(|e| StoreError::Meta(e.to_string()))?);
        forget_former(&mut transaction, &site.domain).await?;
        transaction.commit().await?;
        Ok(site)
    }

    /// What sites were called before, but for names that another site has taken.
    pub async fn former_domains(&self) -> Result<Vec<(String, SiteId)>, StoreError> {
        let rows = sqlx::query("SELECT domain, site_id FROM former_domains").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("domain")?, SiteId(row.try_get("site_id")?)))).collect()
    }

    /// Changes a site's settings and returns them whole.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Exists`] for a domain that another site has, and
    /// [`StoreError::Invalid`], naming the field.
    pub async fn update_site(&self, id: SiteId, change: &SiteChange) -> Result<Site, StoreError> {
        let mut transaction = self.change().await?;
        let row = sqlx::query("SELECT * FROM sites WHERE id = ?")
            .bind(i64::from(id.0))
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or_else(|| StoreError::NotFound { what: "site", name: id.to_string() })?;
        let held = site_of(&row)?;
        let mut site = apply(held.clone(), change)?;
        let made_by = |site: &Site| (zone_name(site), site.week_start, site.currency.clone());
        if made_by(&site) != made_by(&held) {
            site.calendar = renumber(&mut transaction, id).await?;
        }
        if site.domain != held.domain {
            forget_former(&mut transaction, &site.domain).await?;
            sqlx::query("INSERT OR REPLACE INTO former_domains (domain, site_id) VALUES (?, ?)")
                .bind(&held.domain)
                .bind(i64::from(id.0))
                .execute(&mut *transaction)
                .await?;
        }
        let update = sqlx::query(
            "UPDATE sites SET domain = ?, timezone = ?, week_start = ?, identified = ?, currency = ?, bots = ?, \
             honour_privacy_signals = ?, retention_days = ?, calendar = ? WHERE id = ?",
        );
        update
            .bind(&site.domain)
            .bind(zone_name(&site))
            .bind(i64::from(site.week_start.to_monday_one_offset()))
            .bind(site.identified)
            .bind(&site.currency)
            .bind(bots_name(site.bots))
            .bind(site.honour_privacy_signals)
            .bind(i64::from(site.retention_days))
            .bind(i64::from(site.calendar))
            .bind(i64::from(id.0))
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, &site))?;
        transaction.commit().await?;
        Ok(site)
    }
}

impl Meta {
    /// Notes that visitors of a site are brought in by their numbers.
    pub async fn note_numbers(&self, id: SiteId) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE sites SET numbered = 1 WHERE id = ?").bind(i64::from(id.0));
        update.execute(&self.pool).await?;
        Ok(())
    }
}

/// The error of a name that another site has.
fn taken(error: sqlx::Error, site: &Site) -> StoreError {
    match error.as_database_error() {
        Some(e) if e.is_unique_violation() => StoreError::Exists { what: "site", name: site.domain.clone() },
        _ => error.into(),
    }
}

/// Whoever is called so now is meant by the name.
async fn forget_former(transaction: &mut SqliteConnection, domain: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM former_domains WHERE domain = ?").bind(domain).execute(transaction).await?;
    Ok(())
}

fn apply(site: Site, change: &SiteChange) -> Result<Site, StoreError> {
    let domain = match &change.domain {
        Some(domain) => checked_domain(domain)?,
        None => site.domain,
    };
    let timezone = match &change.timezone {
        Some(name) => TimeZone::get(name).map_err(|_| StoreError::Invalid {
            field: "timezone",
            reason: format!("`{name}` is no time zone; use an IANA name such as Europe/Berlin"),
        })?,
        None => site.timezone,
    };
    let currency = match &change.currency {
        // Revenue without a currency is in that of the site: one that events may not have would refuse them.
        Some(code) if is_currency(&code.to_ascii_uppercase()) => code.to_ascii_uppercase(),
        Some(code) => {
            let reason = format!("`{code}` is no currency; use a code of ISO 4217 such as EUR");
            return Err(StoreError::Invalid { field: "currency", reason });
        }
        None => site.currency,
    };
    if change.retention_days.is_some_and(|days| days > MOST_DAYS) {
        let reason = format!("at most {MOST_DAYS} days; 0 keeps events for ever");
        return Err(StoreError::Invalid { field: "retention_days", reason });
    }
    Ok(Site {
        domain,
        timezone,
        currency,
        week_start: change.week_start.unwrap_or(site.week_start),
        identified: change.identified.unwrap_or(site.identified),
        bots: change.bots.unwrap_or(site.bots),
        honour_privacy_signals: change.honour_privacy_signals.unwrap_or(site.honour_privacy_signals),
        retention_days: change.retention_days.unwrap_or(site.retention_days),
        ..site
    })
}

fn checked_domain(domain: &str) -> Result<String, StoreError> {
    let name = normalise(domain);
    let fine = !name.is_empty()
        && name.len() <= 253
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    match fine {
        true => Ok(name),
        false => Err(StoreError::Invalid {
            field: "domain",
            reason: format!("`{domain}` is no domain; write it as in example.com"),
        }),
    }
}

fn zone_name(site: &Site) -> String {
    site.timezone.iana_name().unwrap_or("UTC").to_owned()
}

fn bots_name(bots: BotPolicy) -> &'static str {
    match bots {
        BotPolicy::Drop => "drop",
        BotPolicy::Flag => "flag",
    }
}

fn site_of(row: &SqliteRow) -> Result<Site, StoreError> {
    let damaged = |what: &str| StoreError::Meta(format!("a site's {what} does not read back"));
    let zone: String = row.try_get("timezone")?;
    let bots: String = row.try_get("bots")?;
    let week_start: i8 = row.try_get("week_start")?;
    Ok(Site {
        id: SiteId(u32::try_from(row.try_get::<i64, _>("id")?).map_err(|_| damaged("id"))?),
        domain: row.try_get("domain")?,
        timezone: TimeZone::get(&zone).map_err(|_| damaged("time zone"))?,
        week_start: Weekday::from_monday_one_offset(week_start).map_err(|_| damaged("week start"))?,
        identified: row.try_get("identified")?,
        numbered: row.try_get("numbered")?,
        currency: row.try_get("currency")?,
        bots: if bots == "flag" { BotPolicy::Flag } else { BotPolicy::Drop },
        honour_privacy_signals: row.try_get("honour_privacy_signals")?,
        retention_days: row.try_get("retention_days")?,
        calendar: row.try_get("calendar")?,
    })
}
